/** Bounds of the page. What both ends must agree on stands in `#protocol/limits.ts`. */

/** How long a request may take before the page gives up on it. A save of 2 MiB over a slow line fits. */
export const REQUEST_TIMEOUT_MS = 20_000

/** Round trips are measured so often; also what tells a dead connection from a quiet one. */
export const PING_EVERY_MS = 5000

/** A line over which nothing moves while a round trip takes longer is dead: a new one costs less than waiting for it. */
export const PING_TIMEOUT_MS = 8000

/** What a return to the runner may take before the page says that it goes on, and lets the person begin it anew. */
export const RETURN_PATIENCE_MS = 2000

/** The first one waits until the page has drawn itself, which would be measured too. */
export const FIRST_PING_AFTER_MS = 1000

/** Waits between attempts to reconnect: doubled from the first to the last, each ± `RECONNECT_JITTER`. */
export const RECONNECT_FIRST_MS = 300
export const RECONNECT_MAX_MS = 15_000
export const RECONNECT_JITTER = 0.25

/** The longest the runner may take to say hello after the socket opened; a start may still be under way behind it. */
export const HELLO_TIMEOUT_MS = 60_000

/** Text typed into a terminal while there is no connection, kept until there is one. */
export const MAX_QUEUED_INPUT_BYTES = 64 * 1024

/** Text for a terminal whose program does not read, kept until it does. */
export const MAX_UNTAKEN_INPUT_BYTES = 16 * 1024 * 1024

/** A terminal with less history than this is replayed byte by byte; a longer one comes as a screen. */
export const REPLAY_WHOLE_BYTES = 256 * 1024

/** A document is saved so long after the last key. */
export const AUTOSAVE_AFTER_MS = 800

/** What the last save of a page that is left may take before its line is closed. */
export const LAST_SAVE_MS = 2000

/** A text longer than this is read again only once the disk has told that it is another one. */
export const READ_UNASKED_CHARS = 64 * 1024

/** Saves of one document whose answers were lost, remembered so that they are not taken for somebody else's. */
export const MAX_UNANSWERED_SAVES = 4

/** Unsaved text is put into the browser's own store so long after the last key. */
export const DRAFT_AFTER_MS = 250

/** Folder listings asked for after a burst of changes are gathered for so long. */
export const RELIST_AFTER_MS = 60

/** A folder that changes again is listed again after as long as its last listing took, and after so long at most. */
export const MAX_REST_MS = 2000

/** After changes Git is asked again once so long has passed, and so many times what it took to answer last. */
export const GIT_REST_MS = 1000
export const GIT_REST_TIMES = 4

/** A busy sandbox leaves Git no time: what was known stays, and it is asked again so often before that is said. */
export const MAX_GIT_ASKED_AGAIN = 3

/** Entries shown of one folder; more are named by their number. */
export const MAX_SHOWN_ENTRIES = 5000

/** Problems of open files that are listed, the worst first. */
export const MAX_PROBLEMS = 200

/** Terminals side by side: with more of them, no line of output fits into one. */
export const MAX_SPLIT_TERMINALS = 4

/** How long after one look at what runs the next one comes, while somebody watches. */
export const PROCESSES_LOOK_MS = 3_000

/** Open tabs that can be reopened after closing. */
export const MAX_CLOSED_TABS = 20

/** Groups of tabs side by side: with more of them, no line of code fits into one. */
export const MAX_TAB_GROUPS = 3

/** Results of quick open and of the palette. */
export const MAX_QUICK_RESULTS = 60

/** The text of files is searched so long after the last key, and the answer waited for. Others may search before. */
export const SEARCH_AFTER_MS = 300
export const SEARCH_TIMEOUT_MS = 120_000

/** Pasting so many lines at once into a terminal asks first. */
export const PASTE_CONFIRM_LINES = 2

/** Messages kept of a line that the workbench has not taken over yet. A runner says few before it is asked. */
export const EARLY_MESSAGES = 1000

/** How long the editor's code lets a terminal draw first. It keeps the page busy for a good part of a second. */
export const EDITOR_WAITS_MS = 400

/** Tool calls of agents that a page holds. */
export const MAX_AGENT_CALLS = 1000

/** Names that are tried for an upload beside what is there, where others take them meanwhile. */
export const MAX_UPLOAD_NAMES = 20

/** Files that are deleted or brought back at a time, where many are. */
export const FILES_AT_ONCE = 8

/** An upload of which no byte has moved for so long is given up, so that a dead line does not hold up the next ones. */
export const UPLOAD_STALL_MS = 60_000

/** Files and reasons that a message about several failures names; more are counted. */
export const MAX_NAMED_FAILURES = 3

/** Batches that ended otherwise than they were meant to, shown until somebody has read them. */
export const MAX_OVER_UPLOADS = 4

/** Where somebody is, is told to the others once they have stayed so long. */
export const PLACE_AFTER_MS = 300
/** Comings and goings are read out so long after the first of them: a page that is loaded anew is none. */
export const PEOPLE_NEWS_AFTER_MS = 3000

/** So long before it sleeps, a REPL in which nothing happens says so; and for so long it is kept awake then. */
export const SLEEP_WARNING_MS = 3 * 60_000
export const KEEP_AWAKE_MINUTES = 30
