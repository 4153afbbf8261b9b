import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Aborts when the client has hung up: whatever was under way for it is for nobody. */
export function abortWhenGone(client: Duplex): AbortSignal {
  const gone = new AbortController()
  if (client.destroyed) gone.abort()
  client.once('end', () => gone.abort())
  client.once('close', () => gone.abort())
  return gone.signal
}

/** Aborts when the client has hung up before it had the whole answer. */
export function abortWhenUnwanted(response: ServerResponse): AbortSignal {
  const gone = new AbortController()
  if (response.destroyed) gone.abort()
  response.once('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  return gone.signal
}
