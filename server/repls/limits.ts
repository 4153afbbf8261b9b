/** Bounds of the domain. What both ends of a wire must agree on stands in `#protocol/limits.ts`. */

import type { PlaceLimits } from '#server/workspaces/history/places.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const DAY_MS = 24 * 60 * MINUTE_MS

/** How long a deleted repl can be restored. */
export const RESTORE_WINDOW_MS = 7 * DAY_MS

/** A start in which nothing goes on for so long hangs. */
export const START_STALL_MS = 3 * MINUTE_MS
/** A start restores at most a workspace of some GiB over a slow link. */
export const START_LIMIT_MS = 20 * MINUTE_MS
/** A clone may be large and the network slow. */
export const CLONE_LIMIT_MS = 20 * MINUTE_MS
/** A save uploads what changed: at most a workspace of some GiB over a slow link. */
export const STOP_LIMIT_MS = 20 * MINUTE_MS
/** A stop whose connection broke, or whose sidecar had to be told first whose it is, is asked for so many times in all. */
export const STOP_ATTEMPTS = 3
/** A save or a restore that somebody waits for, of a sandbox that goes on. */
export const SAVE_LIMIT_MS = 5 * MINUTE_MS
/** Removing a sandbox kills processes and deletes files. */
export const REMOVE_LIMIT_MS = MINUTE_MS
/** Removing a sandbox after a failed start must not keep the next start waiting. */
export const CLEANUP_LIMIT_MS = 10 * SECOND_MS

/** How long a control plane that died keeps others from going on with its starts and stops. */
export const DRIVE_LEASE_MS = 10 * SECOND_MS
/** How often somebody waiting for that lease looks again. */
export const DRIVE_STANDBY_MS = 500
/** Progress of one phase is written at most so often. */
export const PROGRESS_SAVE_MS = 250
/** Text of an error that came from a sandbox, where what a user's repository says ends up. */
export const MAX_REASON_CHARS = 2_000
/** Text of a phase that came from a sandbox. */
export const MAX_DETAIL_CHARS = 300

/** A repl that ran for so long has recovered: earlier restarts of its runner are forgotten. */
export const STABLE_AFTER_MS = 10 * MINUTE_MS
/** Restarts of a runner that keeps dying before a person has to look. */
export const MAX_REVIVALS = 3

/** A write that lost a race is tried again, with a growing random pause. */
export const MAX_WRITE_ATTEMPTS = 60
export const WRITE_RETRY_MS = 20
/** A quota place held by a create that never finished. */
export const RESERVATION_MS = 5 * MINUTE_MS

/** `lastUsedAt` is written at most so often for one repl. */
export const TOUCH_EVERY_MS = MINUTE_MS
/** A use so soon after a start is that start's, which is written. */
export const START_IS_USE_MS = 5 * SECOND_MS
/** Who is in a repl is written so long after somebody has come or gone, and anew so often while somebody is there. */
export const COMPANY_EVERY_MS = 2 * SECOND_MS
export const COMPANY_RENEW_MS = MINUTE_MS
/** What a control plane that died has written of it is good for so long: two renewals may be lost. */
export const COMPANY_KEEP_MS = 150 * SECOND_MS
/** People of one repl and control plane that are written. */
export const MAX_COMPANY = 20

/** How long a sandbox that runs may take to hear of changed variables. */
export const TELL_VARIABLES_MS = 10 * SECOND_MS

/** Reports of a sandbox are written at most so often, unless they say that saving fails or works again. */
export const REPORT_EVERY_MS = 15 * SECOND_MS
/** A control plane or store that was away for longer may have missed reports. */
export const AWAY_MS = MINUTE_MS
/** How long sandboxes then have to say that they work before any is stopped as idle: three reports of each. */
export const LISTEN_MS = 3 * REPORT_EVERY_MS
/** Repls whose last write is remembered, for the two limits above. */
export const MAX_REMEMBERED_WRITES = 10_000

/** How often objects that no snapshot needs are looked for, and how long a collector that died keeps others from it. */
export const COLLECT_EVERY_MS = 60 * MINUTE_MS
export const COLLECT_LEASE_MS = 10 * MINUTE_MS

/** How often the sweeper looks when nothing calls it. */
export const SWEEP_EVERY_MS = 10 * SECOND_MS
/** How long a sweeper that died keeps others from sweeping. */
export const SWEEP_LEASE_MS = 30 * SECOND_MS
/** REPLs whose sandbox is not on the list, looked after together. */
export const MAX_MISSED_AT_ONCE = 500
/** Events that come together cause one sweep. */
export const SWEEP_DEBOUNCE_MS = 100
/** A sandbox that is nobody's may be a spare just being made by another control plane: it is left alone for so long. */
export const ORPHAN_GRACE_MS = 2 * MINUTE_MS
/** Records read at a time. */
export const PAGE_SIZE = 100

/** A spare that could not be made is tried again after so long. */
export const SPARE_RETRY_MS = 30 * SECOND_MS
/** Between taking a spare and making the next: a start from a spare is over by then, and the page has its terminal. */
export const SPARE_PAUSE_MS = SECOND_MS
/** Making one sandbox. */
export const CREATE_LIMIT_MS = MINUTE_MS
/** A spare that is not up after so long never will be: whoever made it is gone, or gave it up. */
export const SPARE_UP_LIMIT_MS = CREATE_LIMIT_MS + ORPHAN_GRACE_MS

/** Hints may be lost: a watcher looks by itself so often. */
export const WATCH_POLL_MS = 3 * SECOND_MS
/** Changes that come together are shown at once after so long. */
export const WATCH_SETTLE_MS = 20

/** How long `delete` waits for the last save before it answers; the deletion goes on by itself. */
export const DELETE_WAIT_MS = 20 * SECOND_MS
/** Repls saved at a time when everything is stopped. */
export const STOP_ALL_PARALLEL = 4

/**
 * Snapshots whose entries are in memory for somebody who looks at a repl's past: some 70 MB and 2 s of the main thread for
 * 300,000 entries. A comparison has two of them open.
 */
export const OPEN_SNAPSHOTS: PlaceLimits = {
  total: 4,
  each: 2,
  waiting: 32,
  waitingEach: 16,
  waitMs: 30 * SECOND_MS,
}
/** Archives on their way to browsers, each of which keeps the project's entries until it has ended. */
export const DOWNLOADS: PlaceLimits = { total: 8, each: 2, waiting: 16, waitingEach: 8, waitMs: 30 * SECOND_MS }
/** A download of which nothing moves for so long is given up. */
export const DOWNLOAD_IDLE_MS = 2 * MINUTE_MS

/** Links of one repl. */
export const MAX_SHARES_PER_REPL = 50
/** People who open one link without signing in and without being a guest already. */
export const NEW_GUESTS_PER_MINUTE = 60
/** How long a guest's cookie is good for; a link that expires earlier ends it earlier. */
export const GUEST_TTL_MS = 30 * DAY_MS
/** Random bits of a link's token and of a guest's cookie. */
export const SECRET_BYTES = 32
/** Ports of one repl that can be public. */
export const MAX_PUBLIC_PORTS = 20
