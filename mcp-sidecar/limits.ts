/** Bounds of the sidecar's own. Sizes of the snapshot format stand in `#snapshot/limits.ts`. */

import { CONTROL_TUNNELS } from '#protocol/limits.ts'
import { PACK_TARGET_BYTES } from '#snapshot/limits.ts'

const KIB = 1024
const MIB = 1024 * KIB

/** Largest body of a call to the sidecar. */
export const MAX_REQUEST_BYTES = 1024 * KIB

/** Largest JSON answer of the control plane or the runner. */
export const MAX_ANSWER_BYTES = 4 * MIB

/**
 * Files that a restore gathers before it fetches what is in them, so that it need not hold the whole list. Saves put files
 * into packs in another order: with each batch a pack may be fetched again.
 */
export const RESTORE_BATCH_FILES = 4096

/** Segments of an entry list that are fetched together: about 100 KB each, ten of them in a frame that is fetched once for all. */
export const SEGMENTS_AHEAD = 16
/** Some have thousands of entries: then as many as have so many bytes, or one. */
export const SEGMENTS_AHEAD_BYTES = 4 * MIB

/** If at least this part of a pack is wanted, all of it is fetched at once. */
export const WHOLE_PACK_SHARE = 0.4

/** Buffers that are of no use any more are collected when they come to so much. */
export const GARBAGE_BYTES = 4 * MIB

/**
 * The same while restoring, which makes more of them: collecting after each four took a fifth of its CPU time, after each
 * twelve still a tenth. Most of them are used again, so the process grows by some MiB only.
 */
export const RESTORE_GARBAGE_BYTES = 32 * MIB

/** Packs on their way to or from the store at once. With the one being filled they bound the sidecar's memory. */
export const MAX_TRANSFERS = 2

/** Pre-signed URLs asked for in one call (the protocol's own bound). */
export const MAX_URLS_PER_CALL = 500

/** URLs of the store that are kept to be used again. One takes about 700 bytes, with a session's token in it some thousands. */
export const MAX_KNOWN_URLS = 1000

/**
 * A pack is small if a snapshot has less than this in it: merged with its like, four or more become one. What is not small
 * is at most as many packs as there are such parts in the snapshot's files.
 */
export const SMALL_PACK_BYTES = PACK_TARGET_BYTES / 4

/**
 * A snapshot with more small packs than this has some of them merged. Each is a request at a start, two at a time; and an
 * entry of 40 bytes in a manifest of 8 MiB at most.
 */
export const MAX_SMALL_PACKS = 256

/** Packs that are merged at once, the smallest first: 64 requests one after the other, a second or two. */
export const MERGED_PACKS = 128

/** The next save waits for a merge: where one took longer than this, the next one takes half as many packs, down to so many. */
export const MERGE_TARGET_MS = 2000
export const MIN_MERGED_PACKS = 8

/**
 * Where a look at all entry lists found small packs to be few enough, it is worth another one only with so many packs more:
 * of 100,000 files it takes 2 to 4 s of CPU time. By so many there may be more than `MAX_SMALL_PACKS`.
 */
export const LOOK_AGAIN_PACKS = 32

/**
 * What a merge sends anew: so much of files, so much of entry lists, and of each no more than a list or a pack over it.
 * What it does not come to is left for the one after the next save.
 */
export const MERGE_BYTES = 32 * MIB

/** Pieces of files that a merge moves, since it holds where each lies: about 8 MiB. One entry list over it at most. */
export const MERGED_CHUNKS = 32_768

/** A call to the control plane or the store is tried so often, with growing waits, before it counts as failed. */
export const MAX_ATTEMPTS = 4
export const RETRY_FIRST_WAIT_MS = 200
export const RETRY_MAX_WAIT_MS = 5000

/** Without an answer for so long a call counts as failed; transfers carry megabytes. */
export const CALL_TIMEOUT_MS = 30_000
export const TRANSFER_TIMEOUT_MS = 120_000

/**
 * A checkpoint or a restore is asked for once and waited for, because the control plane goes on with one that nobody waits
 * for: longer than its `SAVE_LIMIT_MS`, which a restore may take for the save before it and again for itself.
 */
export const CHECKPOINT_TIMEOUT_MS = 6 * 60_000
export const RESTORE_BY_ID_TIMEOUT_MS = 11 * 60_000

/** How long the runner may take to end every process before the save goes ahead without its word. */
export const QUIESCE_TIMEOUT_MS = 20_000

/** How long the runner is waited for at adoption: it may still be starting. */
export const RUNNER_START_TIMEOUT_MS = 10_000
/** The same for one that was opened before: the rest goes on without it. */
export const RUNNER_RESTART_TIMEOUT_MS = 2000
export const RUNNER_START_POLL_MS = 5

/** Connections that control planes opened and nothing uses: those of four of them. */
export const MAX_FREE_TUNNELS = 4 * CONTROL_TUNNELS
/**
 * Calls at once that the control plane answers only after calls of ours that they bring about, as a checkpoint's save is:
 * some connections must be left for those.
 */
export const MAX_WAITING_CALLS = CONTROL_TUNNELS / 2
/** How long a call waits for the control plane to open one: it may be starting anew. */
export const TUNNEL_WAIT_MS = 20_000

/** How often a control plane that does not answer is told that this sandbox is up, with growing waits. */
export const HELLO_ATTEMPTS = 10
export const HELLO_WAIT_MS = 50

/** How long a clone may take. */
export const OPEN_TIMEOUT_MS = 15 * 60_000

/** A save begins when the disk has been quiet for so long, and at the latest so long after the first change. */
export const SAVE_QUIET_MS = 500
export const SAVE_MAX_DELAY_MS = 3000

/** After a failed save the next attempt waits, doubling from first to last. */
export const SAVE_RETRY_FIRST_MS = 1000
export const SAVE_RETRY_MAX_MS = 60_000

/** How long a sidecar that is told to end goes on trying to save. A pod's `terminationGracePeriodSeconds` must be longer. */
export const END_GRACE_MS = 9 * 60_000

/** Everything is looked at this often even if the runner hints nothing: it may be lying or down. */
export const RESCAN_INTERVAL_MS = 60_000

/** A save that hints lead to looks at everything at most once in so many times what it takes: 5 % of the time. */
export const LOOK_SHARE = 20

/** More changed paths than this, or more entries below them, and a save looks at everything instead. */
export const MAX_HINTS = 256
export const MAX_PATCHED_ENTRIES = 10_000

/** So many folders that are closed to their owner are known again: hints of more than `MAX_HINTS` name none one by one. */
export const MAX_CLOSED_FOLDERS = 256

/** How often the runner's health is asked for, and its activity passed on. */
export const RUNNER_POLL_MS = 2000
/** How long the runner may take to hear of other variables. */
export const VARIABLES_TIMEOUT_MS = 10_000

export const REPORT_INTERVAL_MS = 15_000

/** A file that changes while it is read is read again so often; then what was read last is taken, and the next save reads it anew. */
export const MAX_READ_ATTEMPTS = 3

/** A restore under programs that move things away begins anew so often before it counts as failed. */
export const MAX_RESTORE_ATTEMPTS = 3

/**
 * What a restore under programs may hold of what is there and of what shall be: entries that differ, and folders; a file
 * counts as often as it has chunks. 240,000 (120,000 files, all of them changed) took 190 MiB, of the 512 that a pod's
 * sidecar has for everything.
 */
export const MAX_RESTORE_ENTRIES = 200_000

/** A file changed this shortly before it was read may change again without a new time stamp, so it is read again. */
export const RACY_WINDOW_MS = 50

/**
 * A program that writes through a mapping (mmap(2)) gives the file a new time stamp with its first write only, until the
 * kernel has written that page back, which by default it does within 35 s (`vm.dirty_expire_centisecs`,
 * `vm.dirty_writeback_centisecs`). A thorough look reads again what was read sooner than so long after its last change.
 */
export const MAPPED_WRITE_WINDOW_MS = 60_000

/** Work on the file system goes on at most so long before other work gets its turn. */
export const SLICE_MS = 10

/** Progress lines are at least so far apart. */
export const PROGRESS_INTERVAL_MS = 100

/** Names of files that are not saved, in a message to people. */
export const MAX_TOLD_NAMES = 5

/** Most names in one list of skipped files. */
export const MAX_SKIPPED_NAMES = 100

/** After a restore, all of it is written to the disk: by then the kernel has mostly done so by itself, which costs nobody time. */
export const SETTLE_AFTER_MS = 60_000

/** A disk that takes longer to write what it was given is tried again with the next start. */
export const SYNC_LIMIT_MS = 120_000
