/** Paths of a preview's host that are the gateway's; all others are the user's server's. */
export const RESERVED_PREFIX = '/__devex/'
/** `?t=<ticket>&to=<local path>`: turns a ticket into the cookie. */
export const TICKET_PATH = '/__devex/ticket'
/** `{listening}`: whether something listens on the port now. What the waiting page asks. */
export const READY_PATH = '/__devex/ready'

/**
 * `to` as a path of this host (path, query, fragment), or `/` where it would lead anywhere else. The URL parser decides
 * as browsers do: `//host`, `/\host` and control characters do not get through.
 */
export function localPath(to: string | null, origin: string): string {
  if (to === null || !to.startsWith('/') || !URL.canParse(to, origin)) return '/'
  const url = new URL(to, origin)
  if (url.origin !== origin || url.pathname.startsWith('//') || url.pathname.startsWith(RESERVED_PREFIX)) return '/'
  return url.pathname + url.search + url.hash
}
