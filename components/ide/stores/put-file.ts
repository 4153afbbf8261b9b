import { SendError, refusalOf, sendFile } from '#components/send-file.ts'
import { RequestError } from './request-error.ts'

/** What is sent where. */
export interface PutFile {
  url: string
  /** Its path in the workspace, for words. */
  path: string
  blob: Blob
  /** `absent`: only where nothing is (RFC 9110 §13.1.2). */
  over: 'absent' | 'any'
}

interface PutOptions {
  onProgress: (sentBytes: number) => void
  signal: AbortSignal
  stallMs: number
}

/** Once all of a file is sent, so many times as long: a proxy that took it in passes it on, or the REPL wakes for it. */
const ANSWER_STALLS = 5

/** Puts one file into a workspace. Whether it is there now: `false` where something else is. Rejects with a `RequestError`. */
export async function putFile(file: PutFile, { onProgress, signal, stallMs }: PutOptions): Promise<boolean> {
  const { url, path, blob, over } = file
  const headers = over === 'absent' ? { 'if-none-match': '*' } : undefined
  const answerMs = ANSWER_STALLS * stallMs
  const options = { method: 'PUT', onProgress, signal, stallMs, answerMs, ...(headers && { headers }) } as const
  const answer = await sendFile(url, blob, options).catch(async (error: unknown) => {
    throw error instanceof SendError ? await unanswered(file, error) : error
  })
  if (answer.status >= 200 && answer.status < 300) return true
  if (over === 'absent' && answer.status === PRECONDITION_FAILED) return false
  throw new RequestError(refusalOf(answer.body) ?? unexplained(path, answer.status))
}

async function unanswered({ path, blob }: PutFile, { how, afterMs = 0 }: SendError): Promise<RequestError> {
  if (how === 'stalled')
    return new RequestError({
      code: 'timeout',
      message: `Nothing of "${path}" moved for ${afterMs / 1000} s, so it was given up.`,
      advice: 'Check your connection and try again.',
    })
  // A browser says the same of a file that it cannot read any more as of a line that broke.
  if (!(await isReadable(blob)))
    return new RequestError({
      code: 'bad_request',
      message: `"${path}" could not be read. It was moved, deleted or changed after it was chosen.`,
      advice: 'Choose it again.',
      path,
    })
  return new RequestError({
    code: 'unavailable',
    message: `The connection broke while "${path}" was on its way.`,
    advice: 'Check your connection and try again.',
  })
}

async function isReadable(blob: Blob): Promise<boolean> {
  return blob
    .slice(0, 1)
    .arrayBuffer()
    .then(
      () => true,
      () => false,
    )
}

/** A refusal by something on the way that does not know our words. */
function unexplained(path: string, status: number) {
  if (status === CONTENT_TOO_LARGE)
    return { code: 'too_large', message: `"${path}" is larger than a server on the way lets through.`, path } as const
  return { code: 'unavailable', message: `"${path}" could not be uploaded (HTTP ${status}).`, path } as const
}

const PRECONDITION_FAILED = 412
const CONTENT_TOO_LARGE = 413
