import { createHash, timingSafeEqual } from 'node:crypto'
import type { Context } from '#server/context.ts'

/** Figures for whoever knows the token. Where none is set there is nothing to be had. */
export async function answerMetrics(request: Request, { env, metrics }: Pick<Context, 'env' | 'metrics'>) {
  const { METRICS_TOKEN } = env
  if (METRICS_TOKEN === undefined) return refusal(404, 'There are no figures here: METRICS_TOKEN is not set.')
  const given = /^Bearer (?<token>.+)$/i.exec(request.headers.get('authorization') ?? '')?.groups?.['token']
  if (given === undefined || !isSame(given, METRICS_TOKEN))
    return refusal(401, 'Send METRICS_TOKEN as a bearer token.', { 'www-authenticate': 'Bearer realm="metrics"' })
  const { text, contentType } = await metrics.read()
  return new Response(text, { headers: { 'content-type': contentType, 'cache-control': 'no-store' } })
}

function refusal(status: number, text: string, headers: Record<string, string> = {}): Response {
  return new Response(`${text}\n`, {
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...headers },
  })
}

/** In a time that says nothing of how much is right. */
function isSame(given: string, expected: string): boolean {
  const hash = (value: string) => createHash('sha256').update(value).digest()
  return timingSafeEqual(hash(given), hash(expected))
}
