/** Bounds of the runner itself; those that clients must know stand in `#protocol/limits.ts`. */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000

/** Bytes of a file that are read or written at once: a copy from or to the page cache, some 10 µs. */
export const AT_ONCE_BYTES = 64 * KIB

/** Entries of a folder whose size and time are looked up in one turn. */
export const LOOKS_AT_ONCE = 64

/** Size of one read from a PTY. The kernel hands out about 4 KiB at a time; larger only costs memory. */
export const PTY_READ_BYTES = 64 * KIB

/** First allocation of a terminal's ring: most terminals never print more. */
export const RING_START_BYTES = 64 * KIB

/** Most output in flight to one client, however long its round trip. Half a ring: what is in flight can still be replayed. */
export const TERMINAL_WINDOW_MAX_BYTES = 1 * MIB

/** A client that has drawn nothing for so long (its tab is frozen, its machine asleep) holds up no program any longer. */
export const STUCK_CLIENT_MS = 10 * SECOND
/** Between two looks at whether those that a program waits for still draw. */
export const STUCK_CHECK_MS = 1 * SECOND

/** History up to this size is itself the cheapest exact screen; above it a headless terminal boils it down. */
export const SCREEN_FROM_HISTORY_BYTES = 128 * KIB

/** Lines of scrollback in a screen; halved until the screen fits a frame. */
export const SCREEN_SCROLLBACK_LINES = 2000

/** A screen that takes longer is given up, and the tail of the history is sent instead. */
export const SCREEN_TIMEOUT_MS = 10 * SECOND

/** A full-screen program that is to draw all anew has another size for so long: some do nothing about one that is the same. */
export const REDRAW_MS = 100

/** The worker thread of screens is let go after so long without a question (it holds some 15 MiB). */
export const SCREEN_WORKER_IDLE_MS = 30 * SECOND

/** Sizes of a terminal that are remembered for redrawing its history. */
export const MAX_RESIZES_KEPT = 256

/** Input of one client that a program has not read yet. One that sends more does not wait (`TERMINAL_INPUT_WINDOW_BYTES`) and is hung up on. */
export const MAX_PENDING_INPUT_BYTES = 1 * MIB

/** Input that a PTY had no room for is offered again after so long, longer each time that it takes nothing. */
export const INPUT_RETRY_FIRST_MS = 1
export const INPUT_RETRY_MAX_MS = 250

/** Streams of input that a terminal remembers, so that a page which reconnects types nothing twice. */
export const MAX_INPUT_STREAMS = 100

/** After its process ended, a PTY that stays silent so long without closing is closed by us (a background job may hold it). */
export const PTY_DRAIN_QUIET_MS = 300
/** What jobs in the background print after the shell has ended is taken for so long at most. */
export const PTY_DRAIN_LIMIT_MS = 2 * SECOND

/** Between asking a process to end (SIGHUP, SIGTERM) and SIGKILL. */
export const TERMINAL_KILL_AFTER_MS = 2 * SECOND
export const RUN_KILL_AFTER_MS = 5 * SECOND
export const QUIESCE_STEP_MS = 2 * SECOND

/** Between two looks at whether a process has ended. */
export const PROCESS_POLL_MS = 20

/** Requests of one connection whose answers have not left; above it the socket is not read. */
export const MAX_REQUESTS_IN_FLIGHT = 32

/** Unsent bytes of one connection, beyond which it is cut off: its windows are full and events pile up. */
export const MAX_CONNECTION_BACKLOG_BYTES = 64 * MIB
/** The same of all connections together: beyond it those are cut off that hold more than a fair part. */
export const MAX_BACKLOG_BYTES = 128 * MIB
export const FAIR_CONNECTION_BACKLOG_BYTES = 4 * MIB

/** Connections to one runner, and raw connections to its ports. */
export const MAX_CONNECTIONS = 100
export const MAX_TUNNELS = 500

/** How long one attempt to reach a port in the sandbox may take. */
export const TUNNEL_CONNECT_TIMEOUT_MS = 5 * SECOND

/** What is told of the commands in a terminal that somebody wants to close. */
export const MAX_BUSY_COMMANDS = 5
export const MAX_BUSY_COMMAND_CHARS = 200

/** Comings, goings and moves of people are gathered so long after the first one, and told no more often than that. */
export const PEOPLE_GATHER_MS = 50
export const PEOPLE_REST_MS = 500

/** Body of a control request (`/open`, `/variables`): twice the variables there may be, each byte of them escaped. */
export const MAX_CONTROL_BODY_BYTES = 1 * MIB

/** Changes on disk are gathered so long after the first one. The watcher itself has waited some 50 ms by then. */
export const FILES_CHANGED_DELAY_MS = 30
/** Once trees were made, all is watched anew after so long, and then not before so many times what that took. */
export const REWATCH_AFTER_MS = 300
export const REWATCH_REST_TIMES = 10
/** More changes than this in one batch are not listed but announced as `overflow`. */
export const MAX_CHANGES_PER_EVENT = 500
/** Change hints waiting for a reader of `/changes`; beyond it one hint for everything replaces them. */
export const MAX_PENDING_HINTS = 2000

/** Paths for quick open: what fits a message and a fuzzy matcher in a browser. */
export const MAX_INDEX_PATHS = 50_000
export const MAX_INDEX_BYTES = 3 * MIB
/** Time that git may take to answer about a folder or the index. */
export const GIT_ANSWER_TIMEOUT_MS = 5 * SECOND
/** Time that git may take to bring a file back: filters of the project may fetch it. */
export const GIT_CHANGE_TIMEOUT_MS = 20 * SECOND
/** What is told of the files that are otherwise than in the last commit. */
export const MAX_GIT_CHANGES = 2000
export const MAX_GIT_STATUS_BYTES = 1 * MIB
/** Git processes at a time, whoever asks. */
export const MAX_GIT_AT_ONCE = 4

/** Deleted files are kept so long. */
export const TRASH_KEEP_MS = 7 * 24 * 3600 * SECOND
/** How long a stop waits for deleted files that are being carried into the trash; the sidecar waits 20 s for the runner. */
export const TRASH_SETTLE_MS = 8 * SECOND
/** Looking for what a runner that died had not finished. */
export const LEFTOVERS_TIMEOUT_MS = 60 * SECOND
export const MAX_LEFTOVERS_BYTES = 1 * MIB

/** Quick saves may be stamped so far ahead of the clock; beyond that it has been set back, and is followed. */
export const SAVE_TIME_AHEAD_MS = 10

/** A file that changes while it is read is read again: so often in all. */
export const MAX_READS = 5

/** Names of a folder that are sorted in one turn: some 10 ms. Of larger folders the order is kept for the next page. */
export const SORTED_IN_A_TURN = 2000
export const KEPT_LISTING_MS = 10 * SECOND
export const MAX_KEPT_LISTINGS = 4
/** A folder that changed less long ago may change again without its time telling. */
export const LISTING_SETTLED_MS = 100

/** Reads and writes of file streams. */
export const FILE_CHUNK_BYTES = 256 * KIB

/** Size of `.devex.json` that is read. */
export const MAX_PROJECT_FILE_BYTES = 64 * KIB

/** Between two looks at the listening ports: while a command starts, and otherwise while somebody is connected. */
export const PORT_POLL_STARTING_MS = 150
export const PORT_POLL_MS = 1000

/** CPU that children use between two looks to count as work: a waiting server uses less. */
export const ACTIVE_CPU_FRACTION = 0.02

/** What looks at every file when a sandbox opens lets the first terminal and the editor go before. */
export const FIRST_LOOK_MS = 1 * SECOND
/** Between two measurements of the disk, while files change. */
export const DISK_MEASURE_MS = 15 * SECOND
export const DISK_MEASURE_TIMEOUT_MS = 60 * SECOND
export const DISK_WARNING_FRACTION = 0.8
/** Of what takes up the disk so many folders are told, none of them smaller. */
export const MAX_LARGEST_FOLDERS = 10
export const LEAST_TOLD_BYTES = 1 * MIB
export const MAX_DU_BYTES = 4 * MIB

/** A clone that takes longer has failed; so has one slower than 1 kB/s for the stall time. */
export const CLONE_TIMEOUT_MS = 10 * 60 * SECOND
export const CLONE_STALL_SECONDS = 30
/** Output of git that is kept to explain a failure. */
export const MAX_CLONE_ERROR_BYTES = 16 * KIB
