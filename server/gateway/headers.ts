/** A message's headers in order, names as written. */
export type HeaderList = [name: string, value: string][]

/** Headers about one connection, not about the message (RFC 9110 §7.6.1), and those that we write ourselves. */
const HOP_BY_HOP = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'http2-settings',
  'proxy-authenticate',
  'proxy-authorization',
])

/** Cookies of the platform, of next-auth and of previews, with or without the prefixes of RFC 6265bis §4.1.3. */
const PLATFORM_COOKIE = /^(?:__(?:secure|host)-)?(?:next-auth|devex)(?:[._-]|$)/i

/** The end-to-end headers of a message: without hop-by-hop ones and those that its `Connection` header names. */
export function endToEndHeaders(rawHeaders: readonly string[]): HeaderList {
  const all = pairs(rawHeaders)
  const named = all
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((token) => token.trim().toLowerCase()))
  const dropped = new Set([...HOP_BY_HOP, ...named])
  return all.filter(([name]) => !dropped.has(name.toLowerCase()))
}

/** The headers named (lower case), as they were. */
export function onlyHeaders(rawHeaders: readonly string[], names: ReadonlySet<string>): HeaderList {
  return pairs(rawHeaders).filter(([name]) => names.has(name.toLowerCase()))
}

/** A `Cookie` header without the platform's cookies; `undefined` where nothing is left. */
export function withoutPlatformCookies(cookieHeader: string): string | undefined {
  const kept = cookieHeader.split(';').filter((pair) => pair.trim() !== '' && !PLATFORM_COOKIE.test(cookieName(pair)))
  return kept.length === 0 ? undefined : kept.join(';').trim()
}

/** Whether a user's server may set this cookie: its own host's, under no name of the platform. */
export function isOwnSetCookie(setCookie: string): boolean {
  const [pair = '', ...attributes] = setCookie.split(';')
  const setsDomain = attributes.some((attribute) => cookieName(attribute).toLowerCase() === 'domain')
  return !setsDomain && !PLATFORM_COOKIE.test(cookieName(pair))
}

/** The values of all cookies of this name. */
export function cookieValues(cookieHeader: string | undefined, name: string): string[] {
  return (cookieHeader ?? '')
    .split(';')
    .filter((pair) => cookieName(pair) === name)
    .map((pair) => pair.slice(pair.indexOf('=') + 1).trim())
}

/** The form of `message.rawHeaders`, which node's HTTP takes and writes as it is. */
export function flat(headers: HeaderList): string[] {
  return headers.flat()
}

/** A name without a value is the value of a nameless cookie to browsers; to be safe it counts as the name here. */
function cookieName(pair: string): string {
  const end = pair.indexOf('=')
  const name = (end === -1 ? pair : pair.slice(0, end)).trim()
  return name === '' ? pair.slice(end + 1).trim() : name
}

function pairs(rawHeaders: readonly string[]): HeaderList {
  const list: HeaderList = []
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) list.push([rawHeaders[at] ?? '', rawHeaders[at + 1] ?? ''])
  return list
}
