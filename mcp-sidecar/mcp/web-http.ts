import type { IncomingMessage, ServerResponse } from 'node:http'
import { drained } from '#wire/drained.ts'

/** Aborts when whoever asked hangs up before the answer's end. */
export function abortWhenHungUp(response: ServerResponse): AbortController {
  const over = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) over.abort()
  })
  return over
}

/** Node's request as the web's, its body read already. */
export function toWebRequest(request: IncomingMessage, over: AbortSignal, body: string | undefined): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name === 'authorization') continue
    headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  return new Request(`http://sidecar${request.url ?? '/'}`, {
    method: request.method ?? 'GET',
    headers,
    signal: over,
    ...(body !== undefined && { body }),
  })
}

/** Sends the web's response as Node's, piece by piece as it comes; stops to read it when the other side hangs up. */
export async function sendWebResponse(response: ServerResponse, answer: Response): Promise<void> {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body === null) {
    response.end()
    return
  }
  if (!isStream(answer)) {
    response.end(Buffer.from(await answer.arrayBuffer()))
    return
  }
  response.flushHeaders()
  const reader = answer.body.getReader()
  const hangUp = () => void reader.cancel().catch(() => undefined)
  response.once('close', hangUp)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done || response.destroyed) break
      if (!response.write(value)) await drained(response)
    }
  } finally {
    response.off('close', hangUp)
    response.end()
  }
}

function isStream(answer: Response): boolean {
  return answer.headers.get('content-type')?.startsWith('text/event-stream') === true
}
