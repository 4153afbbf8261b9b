/** Bounds of archives that come in. What they hold unpacked is bounded by the disk of a REPL. */

/** Largest zip. */
export const MAX_IMPORT_BYTES = 1024 ** 3

/**
 * Imports of one process at a time: each may take as much disk as a zip is large. The pod of a
 * control plane has room for them (`k8s/base/control-plane.yaml`).
 */
export const MAX_IMPORTS_AT_ONCE = 4

/** A zip of which nothing comes for so long is given up: it holds one of those places. */
export const IMPORT_SILENCE_MS = 30_000
