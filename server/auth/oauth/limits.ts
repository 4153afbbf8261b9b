/** Bounds of the authorization server. Seconds where the name says so (as RFC 6749 does), else milliseconds. */

const MINUTE = 60
const DAY = 24 * 60 * MINUTE

export const ACCESS_TOKEN_SECONDS = 30 * MINUTE
export const CODE_SECONDS = MINUTE
/** From leaving for our page until coming back. */
export const INTERACTION_SECONDS = 15 * MINUTE
/** Without a refresh for so long, a client has to ask the person again. */
export const REFRESH_TOKEN_SECONDS = 60 * DAY
/**
 * A refresh token that was used is good so much longer: of two runs of a program that share it each brings it, and an
 * answer that is lost is asked for again. Whoever brings it later is taken for a thief, and the grant ends: the shorter,
 * the fewer of those stay unnoticed.
 */
export const REFRESH_LEEWAY_SECONDS = 30
/** A grant lasts so long, whatever is refreshed. */
export const GRANT_SECONDS = 360 * DAY
/** A registered client that nobody who is signed in was asked about is forgotten. */
export const UNUSED_CLIENT_SECONDS = 60 * MINUTE
export const USED_CLIENT_SECONDS = 360 * DAY

/** A signing key is succeeded after so long, and known for longer than any token that it signed. */
export const KEY_LIFE_MS = 90 * DAY * 1000
export const KEY_OVERLAP_MS = 2 * DAY * 1000
/** What other replicas did to the keys is seen so soon. */
export const KEY_REFRESH_MS = 60 * MINUTE * 1000

/** Registrations of clients a minute, from one address and in all. */
export const REGISTRATIONS_PER_MINUTE = 60
export const ALL_REGISTRATIONS_PER_MINUTE = 200
/** Questions that programs begin a minute, from one address and in all; each is kept until INTERACTION_SECONDS are over. */
export const AUTHORIZATIONS_PER_MINUTE = 300
export const ALL_AUTHORIZATIONS_PER_MINUTE = 600
/** Of the address that begins one, which is kept with it. Those of real programs are below 1 KiB. */
export const MAX_AUTHORIZE_URL_BYTES = 8 * 1024
/** Bodies of registrations and token requests. */
export const MAX_BODY_BYTES = 32 * 1024

/** A client's metadata document: its size, how long fetching may take, how long it is believed (seconds). */
export const MAX_DOCUMENT_BYTES = 10 * 1024
export const DOCUMENT_LIMIT_MS = 5_000
export const DOCUMENT_CACHE_SECONDS = { min: 30, max: DAY }
/** Documents that are fetched at once and in a minute, for all strangers together and for each person. */
export const DOCUMENTS_AT_ONCE = 8
export const DOCUMENTS_PER_MINUTE = 60
/** One that could not be fetched is not asked for again so long; so many are remembered. */
export const FAILED_DOCUMENT_MS = 30_000
export const MAX_FAILED_DOCUMENTS = 1000
/** Of a client's metadata, which anybody may have us keep: addresses, and characters of each and of any other text. */
export const MAX_REDIRECT_URIS = 10
export const MAX_METADATA_TEXT_CHARS = 2 * 1024
/** Characters of a client's name that are shown. */
export const MAX_CLIENT_NAME_CHARS = 80
