import { z } from 'zod'
import { refusalOf, sendFile } from '#components/send-file.ts'
import { replIdSchema } from '#protocol/ids.ts'
import type { WireError } from '#protocol/errors.ts'

const createdSchema = z.object({ id: replIdSchema })

/** An import that the server refused, or that did not reach it. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
  readonly wire: WireError

  constructor(wire: WireError) {
    super(wire.message)
    this.wire = wire
  }
}

/** Sends a zip and makes a REPL of it; resolves to its id. Of one that is abandoned on its way, nothing is made. */
export async function importZip(
  file: Blob,
  { name, onProgress, signal }: { name: string; onProgress: (sentBytes: number) => void; signal: AbortSignal },
): Promise<string> {
  const query = name === '' ? '' : `?${new URLSearchParams({ name })}`
  const headers = { 'content-type': 'application/zip' }
  // No limit of time: unpacking is silent, and takes what it takes.
  const sending = sendFile(`/api/import${query}`, file, { method: 'POST', headers, onProgress, signal })
  const { status, body } = await sending.catch(() => {
    throw new ImportError(UNREACHABLE)
  })
  const created = createdSchema.safeParse(body)
  if (status === 200 && created.success) return created.data.id
  throw new ImportError(refusalOf(body) ?? UNREACHABLE)
}

const UNREACHABLE: WireError = {
  code: 'unavailable',
  message: 'The zip did not reach the server.',
  advice: 'Check the connection and try again.',
}
