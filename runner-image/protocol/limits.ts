/** Bounds that both ends of a wire must agree on. Bounds of one process only stand in that process's own `limits.ts`. */

const KIB = 1024
const MIB = 1024 * KIB

/** Largest JSON control message in either direction. */
export const MAX_MESSAGE_BYTES = 4 * MIB

/** Largest text file that travels inside a message and opens in the editor; anything larger is offered as a download. */
export const MAX_EDITOR_FILE_BYTES = 2 * MIB

/** Entries in one page of a folder listing. */
export const MAX_LIST_ENTRIES = 500

/** Output kept per terminal for replay. A client further behind gets a screen instead (the terminal's exact state). */
export const TERMINAL_RING_BYTES = 2 * MIB

/** Output in flight to one client before its feed waits for an acknowledgement: the floor; it may grow with the round trip. */
export const TERMINAL_WINDOW_BYTES = 128 * KIB

/** A client acknowledges at least once per so many rendered bytes. */
export const TERMINAL_ACK_EVERY_BYTES = 16 * KIB

/** Input that a client sends to a terminal before the first of it is confirmed as applied. */
export const TERMINAL_INPUT_WINDOW_BYTES = 256 * KIB

/** Largest payload of one terminal frame; `screen` frames carry scrollback and may be larger. */
export const MAX_FRAME_PAYLOAD_BYTES = 64 * KIB
export const MAX_SCREEN_PAYLOAD_BYTES = 512 * KIB

/** Terminals in one sandbox at a time. */
export const MAX_TERMINALS = 50

/** Paths in one line of a terminal's output that are looked up at a time. */
export const MAX_PATHS_PER_LINE = 8

/** A commit: its message, and the files in it that are named one by one. */
export const MAX_COMMIT_MESSAGE_CHARS = 20_000
export const MAX_COMMITTED_PATHS = 2000
/** Longest address of a mailbox (RFC 5321, 4.5.3.1.3, less the brackets). */
export const MAX_EMAIL_CHARS = 254

/** Length of a path in bytes (Linux PATH_MAX less its NUL) and of one name in it (NAME_MAX). */
export const MAX_PATH_BYTES = 4095
export const MAX_NAME_BYTES = 255

/** What a person may search the text of files for, and the globs of where. */
export const MAX_QUERY_CHARS = 1000
export const MAX_GLOBS = 20
export const MAX_GLOB_CHARS = 200

/** Length of names that people give: repls, terminals. */
export const MAX_DISPLAY_NAME_CHARS = 60

/** Where somebody is: the length of a path that is told to others (of a deeper file nothing is told), and places of a person. */
export const MAX_PLACE_CHARS = 1024
export const MAX_PLACES = 4

/** Deletions in one list of the trash. */
export const MAX_TRASH_LISTED = 200

/** How long an attach token is good for. It only has to survive the dial that carries it. */
export const ATTACH_TOKEN_TTL_MS = 60_000

/** A client that has heard nothing for so long treats the connection as lost. The runner pings at a third of it. */
export const CONNECTION_SILENCE_MS = 30_000

/** Connections that a control plane which pods cannot reach keeps open to each sidecar, for the sidecar's calls to it. */
export const CONTROL_TUNNELS = 4

/**
 * Milliseconds after which a sandbox that is nobody's yet is taken for a spare, which has time to rehearse a start. Most
 * that somebody waits for are adopted by then; where the restore takes longer, the runner waits for it anyway.
 */
export const REHEARSAL_AFTER_MS = 2000
