/** Bounds of what tools take and give. A result that is cut says by how much, and how to get the rest. */

const KIB = 1024

/** Characters of one result, unless its arguments say otherwise; and what they may say. */
export const RESULT_CHARS = 30_000
export const MIN_RESULT_CHARS = 1000
export const MAX_RESULT_CHARS = 50_000

/** Results of so many characters are cut by no client that we know; Codex keeps 6,000 bytes at either end. */
export const CAREFUL_CHARS = 10_000

/** Of a result that is cut: the share of its head; the rest is its tail. */
export const HEAD_SHARE = 0.4

/** Characters of one line in a result. */
export const MAX_LINE_CHARS = 2000

/** How long a call waits for a process. Some clients end a call after 60 s of silence. */
export const DEFAULT_YIELD_MS = 10_000
export const MAX_YIELD_MS = 45_000

/** The same where the client hears of progress meanwhile: below the four minutes after which others give up all the same. */
export const MAX_TOLD_YIELD_MS = 230_000

/** Longest life that a caller may give a process. */
export const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000

/** Bytes of a file that travel inside a call; larger ones have upload and download URLs. */
export const MAX_FILE_CALL_BYTES = 1024 * KIB

/** Bytes of an image that a model is shown. */
export const MAX_IMAGE_BYTES = 3_750_000

/** Characters of a command, a patch, a pattern. */
export const MAX_COMMAND_CHARS = 100_000
export const MAX_PATCH_CHARS = 1_000_000
export const MAX_PATTERN_CHARS = 4000
export const MAX_PATH_CHARS = 4096

/** Characters of the diff that an edit answers with. */
export const MAX_DIFF_CHARS = 4000

/** Entries of a folder in one answer, and lines of a file. */
export const MAX_DIR_ENTRIES = 500
export const DEFAULT_READ_LINES = 2000

/** Hits of a search: unless told, and at most. */
export const DEFAULT_HITS = 100
export const MAX_HITS = 1000

/** Characters of what a client is told about the server. */
export const MAX_INSTRUCTIONS_CHARS = 1500
