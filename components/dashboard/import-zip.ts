import { z } from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { WireError } from '#protocol/errors.ts'

const createdSchema = z.object({ id: replIdSchema })
const failedSchema = z.object({ error: wireErrorSchema })

/** An import that the server refused, or that did not reach it. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  readonly wire: WireError

  constructor(wire: WireError) {
    super(wire.message)
    this.wire = wire
  }
}

/** Sends a zip and makes a REPL of it; resolves to its id. `fetch` does not say how much it has sent: this does. */
export function importZip(
  file: Blob,
  { name, onProgress }: { name: string; onProgress: (sentBytes: number) => void },
): Promise<string> {
  const query = name === '' ? '' : `?${new URLSearchParams({ name })}`
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const request = new XMLHttpRequest()
  request.open('POST', `/api/import${query}`)
  request.setRequestHeader('content-type', 'application/zip')
  request.responseType = 'json'
  request.upload.addEventListener('progress', ({ loaded }) => onProgress(loaded))
  request.addEventListener('load', () => {
    const created = createdSchema.safeParse(request.response)
    if (request.status === 200 && created.success) return resolve(created.data.id)
    const failed = failedSchema.safeParse(request.response)
    return reject(new ImportError(failed.success ? failed.data.error : UNREACHABLE))
  })
  request.addEventListener('error', () => reject(new ImportError(UNREACHABLE)))
  request.send(file)
  return promise
}

const UNREACHABLE: WireError = {
  code: 'unavailable',
  message: 'The zip did not reach the server.',
  advice: 'Check the connection and try again.',
}
