import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { READY_PATH } from '#server/gateway/preview-paths.ts'

/** A small page of the gateway's own on a preview's host: self-contained, in dark and light. */
export interface Page {
  status: number
  title: string
  text: string
  /** Where to go from here. Opens outside the frame of the IDE. */
  link?: { href: string; label: string }
  /** Looks again at this distance, and loads the page anew once the server listens. */
  pollMs?: number
  /** Origin that may show this page in a frame besides its own: the IDE's. */
  frameOrigin: string
}

/** Whether a person will look at the answer: a navigation, not a script, style or image of a page. */
export function wantsPage(request: IncomingMessage): boolean {
  const isRead = request.method === 'GET' || request.method === 'HEAD'
  return isRead && (request.headers.accept ?? '').includes('text/html')
}

/** Sends `page`. Nothing on it comes from elsewhere, and its policy allows nothing else. */
export function sendPage(response: ServerResponse, page: Page): void {
  const nonce = randomBytes(16).toString('base64')
  const body = render(page, nonce)
  response.writeHead(page.status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self' ${page.frameOrigin}`,
    ...(page.pollMs !== undefined && { 'Retry-After': String(Math.ceil(page.pollMs / 1000)) }),
  })
  response.end(body)
}

const STYLE = `:root { color-scheme: light dark; --back: light-dark(#fbfbfd, #0f1116); --text: light-dark(#1b1e27, #eceef4);
  --quiet: light-dark(#565c6c, #a3a9b8); --accent: light-dark(#4b45d6, #a5a2ff) }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text);
  font: 15px/1.6 Inter, system-ui, sans-serif }
main { max-width: 30rem; padding: 2rem; text-align: center }
h1 { font-size: 1.25rem; font-weight: 600; margin: 0 0 .5rem }
p { margin: 0 0 1.25rem; color: var(--quiet) }
a { color: var(--accent); font-weight: 500 }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 3px }
.wait { width: 1.25rem; height: 1.25rem; margin: 0 auto 1.25rem; border-radius: 50%;
  border: 2px solid var(--quiet); border-top-color: transparent; animation: turn 1s linear infinite }
@keyframes turn { to { transform: rotate(1turn) } }
@media (prefers-reduced-motion: reduce) { .wait { animation: none } }`

function render({ title, text, link, pollMs }: Page, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
${pollMs === undefined ? '' : '<div class="wait" role="status" aria-label="Waiting"></div>'}
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
${link === undefined ? '' : `<a href="${escapeHtml(link.href)}" target="_top">${escapeHtml(link.label)}</a>`}
</main>
${pollMs === undefined ? '' : `<script nonce="${nonce}">${pollScript(pollMs)}</script>`}
</body>
</html>
`
}

/** One question at a time; a hidden tab asks nothing. */
function pollScript(pollMs: number): string {
  return `const look = async () => {
  try {
    const answer = document.hidden ? undefined : await fetch('${READY_PATH}', { cache: 'no-store' })
    if (answer && answer.status === 401) return location.reload()
    if (answer && answer.ok && (await answer.json()).listening) return location.reload()
  } catch {}
  setTimeout(look, ${pollMs})
}
setTimeout(look, ${pollMs})`
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`)
}
