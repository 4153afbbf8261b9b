const MIB = 1024 * 1024

/** Largest request: a megabyte of file content, however it is escaped. */
export const MAX_BODY_BYTES = 4 * MIB

/** Sessions of clients that still keep some, and how long one may be silent. */
export const MAX_SESSIONS = 64
/** Of one connection: what one agent opens takes no room from the others. */
export const MAX_SESSIONS_PER_CONNECTION = 8
export const SESSION_IDLE_MS = 60 * 60_000

/** Sessions that their clients ended, and that are known to have been. */
export const MAX_ENDED_SESSIONS = 256

/** Streams of notifications at a time. */
export const MAX_SUBSCRIPTIONS = 64

/** An idle stream says that it is alive this often. */
export const KEEP_ALIVE_MS = 10_000

/** Tokens that were checked and are good still: each is good for 60 s. */
export const MAX_KNOWN_TOKENS = 256

/** Changes are gathered for so long before clients are told. */
export const NOTICE_MS = 250

/** Clients are told at most this often that the list of resources is another. */
export const LIST_NOTICE_MS = 1000

/** Addresses that one notice names; more changes at once are told as a change of the tree. */
export const MAX_NOTICE_URIS = 200

/** A runner that is away is asked again so much later. */
export const WATCH_RETRY_MS = 1000
