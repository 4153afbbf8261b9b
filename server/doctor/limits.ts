/** Bounds of the doctor's looks. */

/** Tokens between the parts live for a minute, and count from their time of issue. */
export const MAX_SKEW_MS = 5_000
/** One look at an address or a name. */
export const LOOK_TIMEOUT_MS = 10_000
/** A pod with fewer processes cannot install packages; with more, one REPL can starve a node. */
export const MIN_PIDS = 128
export const MAX_PIDS = 16_384
/** Nodes whose settings are read. */
export const MAX_NODES = 20
