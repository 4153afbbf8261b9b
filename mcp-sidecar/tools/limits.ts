/** How often a waiting call says something where the command says nothing, and at most where it does. */
export const HEARTBEAT_MS = 10_000
export const PROGRESS_MS = 1000

/** Characters of a progress message. */
export const PROGRESS_CHARS = 200

/** After the first new output a call that waits for some goes on for so long, to take what belongs to it. */
export const SETTLE_MS = 100

/** Where readers were in the output of processes: so many are remembered. */
export const MAX_CURSORS = 2000

/** Raw characters of output that are kept at either end, to be cut when control sequences are gone. */
export const KEPT_CHARS = 100_000

/** Largest file that lines are read from or edits are made in. */
export const MAX_TEXT_BYTES = 4 * 1024 * 1024

/** An edit that meets another's is tried again on what lies there then. */
/** A list of processes is no longer than a result may be: the newest, each with so much of its command. */
export const MAX_LISTED_PROCESSES = 50
export const MAX_LISTED_COMMAND_CHARS = 300

export const MAX_EDIT_ATTEMPTS = 3

/** Lines named where an edit fits several. */
export const MAX_NAMED_LINES = 20

/** Files of one patch. */
export const MAX_PATCH_FILES = 200

/** An agent's calls without a longer pause are one run. */
export const RUN_PAUSE_MS = 5 * 60_000

/** How long a run's first change waits for its checkpoint: clients give up a call of which they hear nothing for a minute. */
export const BEFORE_CHANGE_LIMIT_MS = 20_000

/** Runs that are remembered. */
export const MAX_RUNS = 200

/** Reported calls are gathered so long; so many wait at most, the oldest go. */
export const REPORT_MS = 400
export const MAX_WAITING_CALLS = 500

/** How long a command may take to be started, beyond what its caller waits. */
export const START_TIMEOUT_MS = 5000

/** A program that a tool asks (git status) may take so long. */
export const ASK_TIMEOUT_MS = 15_000
