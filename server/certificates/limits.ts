const DAY_MS = 24 * 60 * 60_000

/** How long an authority is good for. */
export const AUTHORITY_MS = 5 * 365 * DAY_MS
/** An authority of this age gets a successor. */
export const ROTATE_AFTER_MS = 365 * DAY_MS
/**
 * A successor is trusted for so long before it signs: longer than a sandbox's certificates are good for. With those a sandbox
 * is told which authorities there are, and so never meets a stranger.
 */
export const OVERLAP_MS = 180 * DAY_MS
/** How long what the state store said of the authorities is believed. */
export const BELIEVE_MS = 10 * 60_000
/** Clocks of nodes differ. */
export const CLOCK_SKEW_MS = 10 * 60_000
/** Attempts to write the authorities against other control planes that do the same. */
export const MAX_WRITE_ATTEMPTS = 5
