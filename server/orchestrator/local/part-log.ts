import { open, stat, truncate, writeFile } from 'node:fs/promises'
import { LOG_TAIL_BYTES, MAX_LOG_BYTES } from './limits.ts'

/**
 * Keeps a log that another process appends to within bounds: past `MAX_LOG_BYTES` its end becomes the file before, and
 * it begins anew. Appending writers (O_APPEND) go on at the new end.
 */
export async function boundLog(file: string): Promise<void> {
  const { size } = await stat(file).catch(() => ({ size: 0 }))
  if (size <= MAX_LOG_BYTES) return
  await writeFile(`${file}.1`, await readTail(file, MAX_LOG_BYTES), { mode: 0o600 })
  await truncate(file, 0)
}

/** The last words of a part, for an error message; empty if it said nothing. */
export async function lastWords(file: string): Promise<string> {
  const tail = await readTail(file, LOG_TAIL_BYTES).catch(() => Buffer.alloc(0))
  // Control characters of a strange program have no business in a message.
  return tail
    .toString('utf8')
    .replaceAll(/[^\P{Cc}\n\t]/gu, '')
    .trim()
}

async function readTail(file: string, bytes: number): Promise<Buffer> {
  const handle = await open(file, 'r')
  try {
    const { size } = await handle.stat()
    const length = Math.min(size, bytes)
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(length), position: size - length })
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
