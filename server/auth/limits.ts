/** Bounds of signing in. Seconds where the name says so (as next-auth counts), else milliseconds. */

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** How long a browser stays signed in without coming back. */
export const SIGNED_IN_SECONDS = 30 * 24 * 60 * 60

/** From leaving for the provider until coming back. */
export const SIGN_IN_SECONDS = 15 * 60

/** That a sign-in has ended is known for longer than any cookie of it is good, one just being renewed included. */
export const ENDED_SIGN_IN_TTL_MS = SIGNED_IN_SECONDS * SECOND + HOUR

/** Who is here as a member of an organisation is asked about anew after so long. */
export const MEMBER_RECHECK_MS = HOUR

/** Where the provider cannot be asked, what it said last counts for so long. */
export const MEMBER_BELIEVED_MS = 24 * HOUR

/** A question that the provider did not answer is not put again for so long. */
export const MEMBER_RETRY_MS = MINUTE

/** As many organisations as GitHub tells of in one answer. */
export const ORGS_PER_PAGE = 100

/** So many answers are read to find an allowed organisation among those that somebody belongs to. */
export const MAX_ORG_PAGES = 20
