import { z } from 'zod'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { WireError } from '#protocol/errors.ts'

/** A file that got no answer: the connection `broke`, or for too long no byte of it moved (`stalled`). */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly how: 'broke' | 'stalled'
  /** How long nothing moved. */
  readonly afterMs: number | undefined

  constructor(how: 'broke' | 'stalled', afterMs?: number) {
    super(how === 'broke' ? 'The connection broke.' : 'No byte moved for too long.')
    this.how = how
    this.afterMs = afterMs
  }
}

/** What came back; the body where it is JSON. */
export interface Answer {
  status: number
  body: unknown
}

interface SendOptions {
  method: 'POST' | 'PUT'
  headers?: Record<string, string>
  onProgress: (sentBytes: number) => void
  /** Ends the request; the answer then is its reason. */
  signal?: AbortSignal
  /** Given up when no byte has moved for so long, in either direction. Never, where it is left out. */
  stallMs?: number
  /** The same once all is sent: a proxy may have taken it all, and pass it on at its own pace. */
  answerMs?: number
}

/**
 * Sends a file as the body of a request. `fetch` does not say how much it has sent: `XMLHttpRequest` does. Rejects with a
 * `SendError` where no answer came, whatever the answer would have been.
 */
export async function sendFile(url: string, file: Blob, options: SendOptions): Promise<Answer> {
  const { method, headers = {}, onProgress, signal, stallMs, answerMs = stallMs } = options
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const request = new XMLHttpRequest()
  const end = (reason: unknown): void => {
    reject(reason)
    request.abort()
  }
  const onAbort = (): void => end(signal?.reason)
  let timer: ReturnType<typeof setTimeout> | undefined
  const waitFor = (ms: number | undefined): void => {
    clearTimeout(timer)
    if (ms !== undefined) timer = setTimeout(() => end(new SendError('stalled', ms)), ms)
  }
  request.open(method, url)
  for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value)
  request.responseType = 'json'
  request.upload.addEventListener('progress', ({ loaded }) => {
    waitFor(stallMs)
    onProgress(loaded)
  })
  request.upload.addEventListener('load', () => waitFor(answerMs))
  request.addEventListener('progress', () => waitFor(answerMs))
  request.addEventListener('load', () => resolve({ status: request.status, body: request.response }))
  request.addEventListener('error', () => reject(new SendError('broke')))
  signal?.addEventListener('abort', onAbort)
  waitFor(stallMs)
  request.send(file)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

const refusalSchema = z.object({ error: wireErrorSchema })

/** What the body of a refusal says, if it is one of ours. */
export function refusalOf(body: unknown): WireError | undefined {
  return refusalSchema.safeParse(body).data?.error
}
