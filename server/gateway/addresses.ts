import type { IncomingMessage } from 'node:http'
import { replIdSchema } from '#protocol/ids.ts'

/** A preview's own host. */
export interface PreviewHost {
  replId: string
  port: number
  /** As the browser wrote it, with the server's port if it has one. */
  authority: string
}

/** What of the gateway a request is for. `unknown`: the gateway's, but nothing is there. */
export type Address =
  | { kind: 'socket'; replId: string }
  | { kind: 'files'; replId: string; rawPath: string }
  | { kind: 'preview-ticket'; replId: string }
  | { kind: 'mcp'; replId: string }
  | { kind: 'account-mcp' }
  | { kind: 'preview'; host: PreviewHost }
  | { kind: 'unknown' }

/** Where browsers reach the application and its previews. */
export interface Site {
  publicUrl: () => URL
  /** Previews live one label below it. */
  previewDomain: string
}

const APP_ROUTE = /^\/r\/([^/?]*)\/(socket|files|preview-ticket|mcp)(?:\/([^?]*))?(?:\?.*)?$/s
const AUTHORITY = /^([^:@/?#[\]]+)(?::(\d{1,5}))?$/
const PREVIEW_LABEL = /^([1-9]\d{0,4})-([a-z][a-z0-9]{15})$/
const MAX_PORT = 65_535

/** The gateway's part of a request, or `undefined` where it is not the gateway's. */
export function addressOf(request: IncomingMessage, site: Site): Address | undefined {
  const authority = request.headers.host ?? ''
  if (isUnderPreviewDomain(authority, site)) {
    const host = previewHostOf(authority, site.previewDomain)
    return host === undefined ? { kind: 'unknown' } : { kind: 'preview', host }
  }
  return appAddressOf(request.url ?? '')
}

/** Every host below the preview domain but the application's own: none of them ever reaches the application. */
function isUnderPreviewDomain(authority: string, site: Site): boolean {
  const name = hostName(authority)
  return name.endsWith(`.${site.previewDomain.toLowerCase()}`) && name !== site.publicUrl().hostname
}

/** Lower case, without port and without the dot that ends a fully qualified name. */
function hostName(authority: string): string {
  return authority.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '')
}

/** The repl and port in `<port>-<replId>.<domain>[:port]`, or `undefined` if it is not exactly that. */
export function previewHostOf(authority: string, domain: string): PreviewHost | undefined {
  const [, name] = AUTHORITY.exec(authority) ?? []
  const suffix = `.${domain.toLowerCase()}`
  if (name === undefined || !name.toLowerCase().endsWith(suffix)) return undefined
  const [, port, replId] = PREVIEW_LABEL.exec(name.toLowerCase().slice(0, -suffix.length)) ?? []
  if (replId === undefined || Number(port) > MAX_PORT) return undefined
  return { replId, port: Number(port), authority: authority.toLowerCase() }
}

function appAddressOf(url: string): Address | undefined {
  if (url === '/mcp' || url.startsWith('/mcp?')) return { kind: 'account-mcp' }
  const [, replId, route, rest] = APP_ROUTE.exec(url) ?? []
  if (route === undefined) return undefined
  if (!replIdSchema.safeParse(replId).success || replId === undefined) return { kind: 'unknown' }
  if (route === 'files') return { kind: 'files', replId, rawPath: rest ?? '' }
  if (rest !== undefined) return { kind: 'unknown' }
  switch (route) {
    case 'socket':
      return { kind: 'socket', replId }
    case 'mcp':
      return { kind: 'mcp', replId }
    default:
      return { kind: 'preview-ticket', replId }
  }
}

/** The origin of a preview as browsers see it: the application's scheme and port on the preview's host. */
export function previewOrigin(site: Site, replId: string, port: number): string {
  const url = site.publicUrl()
  return `${url.protocol}//${port}-${replId}.${site.previewDomain.toLowerCase()}${url.port === '' ? '' : `:${url.port}`}`
}
