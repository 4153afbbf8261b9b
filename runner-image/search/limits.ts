/** Bounds of searching. */

const KIB = 1024
const MIB = 1024 * KIB
const SECOND = 1000

/** One search looks at so many entries at most. */
export const MAX_WALKED_ENTRIES = 100_000
export const MAX_WALK_DEPTH = 64

/** The ignore rules that hold in one folder, its own and those above it: a larger file, and lines beyond, have no say. */
export const MAX_IGNORE_BYTES = 256 * KIB
export const MAX_IGNORE_LINES = 10_000
/** A longer rule has no say: hardly a name can be as long. */
export const MAX_IGNORE_RULE_CHARS = 1024

/** Answers, unless fewer are asked for, and at most. */
export const GLOB_LIMIT = 1000
export const GREP_LIMIT = 100
export const MAX_SEARCH_LIMIT = 10_000
export const MAX_CONTEXT_LINES = 20

/** Larger files are not searched. */
export const MAX_SEARCHED_FILE_BYTES = 8 * MIB
/** What is read at first of a file that holds more than it says. */
export const UNSIZED_READ_BYTES = 64 * KIB
/** A NUL so early makes a file binary (as git and ripgrep judge). */
export const BINARY_LOOK_BYTES = 8000
/** A longer line is cut about what was found in it. */
export const MAX_LINE_CHARS = 1000
export const MAX_ANSWER_CHARS = 2 * MIB

/** What one search of a person finds at most. */
export const MAX_FOUND_MATCHES = 5000
/** A person is told what was found so far after so many matches or so long, whichever comes first. */
export const FOUND_BATCH_MATCHES = 200
export const FOUND_BATCH_MS = 50

/** A search that takes longer answers with what it found; one that hangs in a pattern is ended a little later. */
export const SEARCH_TIME_MS = 10 * SECOND
export const SEARCH_HANG_MS = 15 * SECOND

/** So many searches wait for their turn; more are refused. With the usual search, of less than a second, that is a minute. */
export const MAX_WAITING_SEARCHES = 64

/** The thread is let go after so long without a search. */
export const SEARCH_WORKER_IDLE_MS = 30 * SECOND
