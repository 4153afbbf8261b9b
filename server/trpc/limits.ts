/** Bounds of the API. */

/** Largest body of a request: the largest one, creating a REPL from a URL, has a few kB. */
export const MAX_BODY_BYTES = 256 * 1024

/** Calls that one request may carry. */
export const MAX_BATCH_CALLS = 20

/** Largest message on the subscriptions' socket. */
export const MAX_SOCKET_MESSAGE_BYTES = 64 * 1024

/** Sockets of one person at a time, over all their windows. */
export const MAX_SOCKETS_PER_PERSON = 50

/** Subscriptions of one socket at a time: a page has a handful. */
export const MAX_SUBSCRIPTIONS_PER_SOCKET = 100

/** How often a socket's client is pinged, and how long its answer may take. */
export const PING_EVERY_MS = 20_000
export const PONG_WITHIN_MS = 10_000

/** How often it is looked whether somebody with an open socket has signed out. */
export const RECHECK_EVERY_MS = 30_000

/** How long closing sockets may take before they are cut. */
export const CLOSE_WITHIN_MS = 1_000

/** Paths of one restore. */
export const MAX_RESTORED_PATHS = 1000

/** What is sent as an id and is longer stands in no line of the log. */
export const MAX_LOGGED_ID_CHARS = 64
