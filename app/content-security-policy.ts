interface PolicyOptions {
  nonce: string
  /** The request's `Host`. */
  host: string
  /** Where previews live, if not under localhost. */
  previewDomain: string | undefined
}

const HOST = /^[\w.[\]:-]+$/

/**
 * What a page may load and talk to: this host only. Scripts run by nonce and what such a script loads (`strict-dynamic`), so a
 * user's file on this origin is never one. Styles are inline because Monaco, xterm and positioned menus write them.
 */
export function contentSecurityPolicy({ nonce, host, previewDomain }: PolicyOptions): string {
  const sockets = HOST.test(host) ? ` ws://${host} wss://${host}` : ''
  const previews =
    previewDomain === undefined ? 'http://*.localhost:* https://*.localhost:*' : previewsAt(previewDomain)
  return [
    "default-src 'self'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    `connect-src 'self'${sockets}`,
    "worker-src 'self' blob:",
    `frame-src ${previews}`,
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function previewsAt(domain: string): string {
  return `http://*.${domain} https://*.${domain} http://*.${domain}:* https://*.${domain}:*`
}
