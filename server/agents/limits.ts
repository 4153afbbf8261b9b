/** Bounds of what agents may leave behind. Times in milliseconds. */

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** Agents and tokens that one person may have let in. */
export const MAX_CONNECTIONS_PER_USER = 200
/** A token is good for so long at most. */
export const MAX_TOKEN_LIFE_MS = 366 * DAY_MS
/** Random bytes of a token. */
export const TOKEN_BYTES = 32
/** `lastUsedAt` is written at most so often for one connection. */
export const USED_EVERY_MS = MINUTE_MS

/** Calls are kept so long, and so many for one REPL. */
export const CALL_TTL_MS = 7 * DAY_MS
export const MAX_CALLS_PER_REPL = 1_000
/** Whether there are more is looked at once in so many reports. */
export const TRIM_EVERY_REPORTS = 50
/** Calls in a page of the timeline. */
export const CALLS_PER_PAGE = 50
/** Hints may be lost: a watcher looks at so many of the newest calls so often. */
export const WATCH_POLL_MS = 5_000
export const WATCHED_CALLS = 30
/** Calls whose last form a watcher remembers. */
export const MAX_REMEMBERED_CALLS = 2_000
