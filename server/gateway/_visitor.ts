import { ask } from '#server/gateway/_client.ts'
import type { Answer } from '#server/gateway/_client.ts'
import type { Platform } from '#server/gateway/_platform.ts'

/** Asks for a ticket as the IDE does: where to go with it. */
export async function ticketUrl(platform: Platform, cookie: string, port: number): Promise<URL> {
  const answer = await ask({
    port: platform.port,
    path: `/r/${platform.replId}/preview-ticket`,
    method: 'POST',
    headers: { Cookie: cookie, Origin: platform.origin, 'Content-Type': 'application/json' },
    body: JSON.stringify({ port }),
  })
  const url: unknown = JSON.parse(answer.body)
  if (typeof url === 'object' && url !== null && 'url' in url && typeof url.url === 'string') return new URL(url.url)
  throw new Error(`no ticket: ${answer.status} ${answer.body}`)
}

/** The preview's cookie in an answer, as a browser sends it back. */
export function cookieOf(answer: Answer): string {
  const [setCookie = ''] = answer.headers['set-cookie'] ?? []
  return setCookie.slice(0, setCookie.indexOf(';'))
}

/** A cookie header that opens the preview of `port`. */
export async function visitorCookie(
  platform: Platform,
  port: number,
  person = platform.person('viewer'),
): Promise<string> {
  const { pathname, search } = await ticketUrl(platform, person.cookie, port)
  const host = platform.previewAuthority(port)
  return cookieOf(await ask({ port: platform.port, host, path: pathname + search }))
}
