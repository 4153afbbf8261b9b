import type { IncomingMessage } from 'node:http'
import { AppError } from '#server/errors.ts'
import { previewHostOf } from '#server/gateway/addresses.ts'
import type { PreviewHost, Site } from '#server/gateway/addresses.ts'

/**
 * `forbidden` unless a page of the application asks. Browsers send `Origin` with every WebSocket and every unsafe
 * method (RFC 6454 §7.3, Fetch §3.2), and no page can forge it; WebSockets are not under CORS.
 */
export function requireAppOrigin(request: IncomingMessage, site: Site): void {
  const expected = site.publicUrl().origin
  if (request.headers.origin === expected) return
  throw new AppError('forbidden', 'This may only be asked for by a page of this server.', {
    advice: `Open Devex at ${expected}.`,
  })
}

/** `forbidden` where a browser says (`Sec-Fetch-Site`, Fetch Metadata) that a page of another origin asks. Old browsers say nothing. */
export function refuseOtherSites(site: string | null | undefined): void {
  if (site == null || site === 'same-origin' || site === 'none') return
  throw new AppError('forbidden', 'Files are not served to pages of other sites.')
}

/**
 * `forbidden` where a foreign page uses the visitor's right to a private preview. Previews of one domain are one
 * site to a browser, which therefore sends cookies between them: a stranger's preview must not drive this one.
 * Ports of the same repl may talk to each other; following a link is open to all.
 */
export function refuseForeignPages(request: IncomingMessage, host: PreviewHost, site: Site): void {
  const { origin, referer, 'sec-fetch-site': fetchSite, 'sec-fetch-mode': mode } = request.headers
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  if (fetchSite === 'same-origin' || fetchSite === 'none') return
  if (mode === 'navigate' && isSafe) return
  const asker = origin ?? referer
  if (asker === undefined ? fetchSite === undefined : isOfRepl(asker, host, site)) return
  throw new AppError('forbidden', 'This preview is private: pages of other sites cannot use it.', {
    advice: 'Make the port public to let them.',
  })
}

function isOfRepl(url: string, host: PreviewHost, site: Site): boolean {
  if (!URL.canParse(url)) return false
  const asker = new URL(url)
  if (asker.protocol !== site.publicUrl().protocol) return false
  return previewHostOf(asker.host, site.previewDomain)?.replId === host.replId
}
