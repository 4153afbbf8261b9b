import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'

/** Node's request as the web's, its body read already. */
export function toWebRequest(
  { method, url, headers }: IncomingMessage,
  { body, signal, origin }: { body: string | undefined; signal: AbortSignal; origin: string },
): Request {
  const kept = Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    value === undefined || name === 'authorization' || name === 'cookie'
      ? []
      : [[name, Array.isArray(value) ? value.join(', ') : value]],
  )
  return new Request(new URL(url ?? '/', origin), {
    method: method ?? 'GET',
    headers: kept,
    signal,
    ...(body !== undefined && { body }),
  })
}

/** Sends the web's answer as node's, piece by piece; stops to read it when `signal` aborts. */
export async function sendWebResponse(
  response: ServerResponse,
  answer: Response,
  { signal, onBytes }: { signal: AbortSignal; onBytes: (count: number) => void },
): Promise<void> {
  response.writeHead(answer.status, {
    ...Object.fromEntries(answer.headers),
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  if (answer.body === null) return void response.end()
  response.flushHeaders()
  const reader = answer.body.getReader()
  const cancel = () => void reader.cancel().catch(() => undefined)
  signal.addEventListener('abort', cancel, { once: true })
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || signal.aborted) break
      onBytes(value.length)
      if (!response.write(value)) await once(response, 'drain', { signal })
    }
  } finally {
    signal.removeEventListener('abort', cancel)
  }
  if (signal.aborted) response.destroy()
  else response.end()
}
