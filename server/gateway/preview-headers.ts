import type { IncomingMessage } from 'node:http'
import type { PreviewHost, Site } from '#server/gateway/addresses.ts'
import { endToEndHeaders, isOwnSetCookie, withoutPlatformCookies } from '#server/gateway/headers.ts'
import type { HeaderList } from '#server/gateway/headers.ts'

/** Written anew for the user's server, whatever the client says. */
const REPLACED_REQUEST_HEADERS = new Set([
  'host',
  'cookie',
  'origin',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
])

/**
 * What a preview's server may not say: to clear cookies reaches beyond its host to the whole site, and where else the
 * host is served is not its to announce.
 */
const REFUSED_RESPONSE_HEADERS = new Set(['clear-site-data', 'alt-svc'])

const LOCAL_HOSTS = new Set(['localhost', '127.0.0.1', '0.0.0.0', '[::1]', '[::]'])

/**
 * The headers for the user's server: it sees a visitor at `localhost:<port>`, so that servers that check `Host` or
 * `Origin` work unmodified, and never a cookie of the platform.
 */
export function toServer(request: IncomingMessage, host: PreviewHost, site: Site): HeaderList {
  const { headers } = request
  const cookie = headers.cookie === undefined ? undefined : withoutPlatformCookies(headers.cookie)
  const local = `localhost:${host.port}`
  const list: HeaderList = [['Host', local]]
  for (const header of endToEndHeaders(request.rawHeaders))
    if (!REPLACED_REQUEST_HEADERS.has(header[0].toLowerCase())) list.push(header)
  if (cookie !== undefined) list.push(['Cookie', cookie])
  if (headers.origin !== undefined)
    list.push(['Origin', headers.origin === originOf(host, site) ? `http://${local}` : headers.origin])
  list.push(['X-Forwarded-Host', host.authority], ['X-Forwarded-Proto', site.publicUrl().protocol.slice(0, -1)])
  const client = request.socket.remoteAddress
  if (client !== undefined) list.push(['X-Forwarded-For', client])
  return list
}

/** The headers for the browser: redirects lead to the preview's host, and cookies are for that host alone. */
export function toBrowser(answer: IncomingMessage, host: PreviewHost, site: Site): HeaderList {
  return endToEndHeaders(answer.rawHeaders).flatMap(([name, value]): HeaderList => {
    const key = name.toLowerCase()
    if (REFUSED_RESPONSE_HEADERS.has(key) || (key === 'set-cookie' && !isOwnSetCookie(value))) return []
    return [[name, key === 'location' ? publicLocation(value, host, site) : value]]
  })
}

/** The preview's origin as this browser sees it. */
export function originOf(host: PreviewHost, site: Site): string {
  return `${site.publicUrl().protocol}//${host.authority}`
}

function publicLocation(location: string, host: PreviewHost, site: Site): string {
  if (!/^https?:\/\//i.test(location) || !URL.canParse(location)) return location
  const url = new URL(location)
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  if (!LOCAL_HOSTS.has(url.hostname) || port !== host.port) return location
  return originOf(host, site) + url.pathname + url.search + url.hash
}
