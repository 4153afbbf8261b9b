/** Bounds of archives that come in. What they hold unpacked is bounded by the disk of a REPL. */

/** Largest zip. */
export const MAX_IMPORT_BYTES = 1024 ** 3
