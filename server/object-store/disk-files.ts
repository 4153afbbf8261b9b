import { createHash, randomUUID } from 'node:crypto'
import { mkdir, open, readdir, rename, rmdir, stat, unlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { AppError } from '#server/errors.ts'
import { exactly } from '#server/object-store/bounds.ts'
import { isCode } from '#server/object-store/disk-lock.ts'
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'

/**
 * An object's file: a header of fixed length with its etag, then its bytes. So a single rename puts both in place, and
 * asking for the etag reads no more than the header.
 */
export const HEADER_BYTES = 128
const MAGIC = 'devex object 1\n'
const ETAG = /^[0-9a-f]{64}$/

export type Body = Uint8Array | { stream: Readable; bytes: number }

/** A temporary file this old belongs to an upload that will not go on. */
const STALE_UPLOAD_MS = 24 * 60 * 60 * 1000

/** Tries to put a file into a folder that a concurrent delete keeps removing. */
const MAX_PLACE_ATTEMPTS = 20

/** Writes `body` to a temporary file, durably. The etag is the SHA-256 of its bytes. */
export async function writeDraft(folder: string, body: Body): Promise<{ draft: string; etag: string }> {
  const draft = join(folder, randomUUID())
  const handle = await open(draft, 'wx', 0o600)
  try {
    const etag = body instanceof Uint8Array ? await writeBytes(handle, body) : await writeStream(handle, body)
    await handle.write(header(etag), 0, HEADER_BYTES, 0)
    await handle.sync()
    return { draft, etag }
  } catch (error) {
    await unlink(draft)
    throw error
  } finally {
    await handle.close()
  }
}

async function writeBytes(handle: FileHandle, bytes: Uint8Array): Promise<string> {
  await writeFully(handle, bytes, HEADER_BYTES)
  return createHash('sha256').update(bytes).digest('hex')
}

async function writeStream(handle: FileHandle, body: { stream: Readable; bytes: number }): Promise<string> {
  const hash = createHash('sha256')
  let seen = 0
  for await (const chunk of exactly(body)) {
    hash.update(chunk)
    await writeFully(handle, chunk, HEADER_BYTES + seen)
    seen += chunk.length
  }
  return hash.digest('hex')
}

async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length;)
    written += (await handle.write(bytes, written, bytes.length - written, position + written)).bytesWritten
}

function header(etag: string): Buffer {
  return Buffer.from(`${MAGIC}${etag}\n`.padEnd(HEADER_BYTES - 1, ' ').concat('\n'))
}

/** Etag, size and time of an open object. A newer format is refused by name. */
export async function readInfo(handle: FileHandle, key: string) {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
  const text = buffer.toString('latin1', 0, bytesRead)
  const etag = text.slice(MAGIC.length, MAGIC.length + 64)
  if (bytesRead !== HEADER_BYTES || !text.startsWith(MAGIC) || !ETAG.test(etag))
    throw new AppError('not_supported', `The object ${key} is damaged, or a newer version of Devex wrote it.`)
  const { size, mtimeMs } = await handle.stat()
  return { key, bytes: size - HEADER_BYTES, etag, modifiedAt: Math.floor(mtimeMs) }
}

/** Moves `draft` to `file`, below `root`, making folders that are missing; durable when it returns. */
export async function place(draft: string, file: string, root: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const made = await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    try {
      await rename(draft, file)
      const top = made === undefined ? dirname(file) : dirname(made)
      for (let folder = dirname(file); folder.length >= top.length; folder = dirname(folder)) await syncFolder(folder)
      return
    } catch (error) {
      if (!isCode(error, 'ENOENT') || attempt === MAX_PLACE_ATTEMPTS || file.length < root.length) throw error
    }
  }
}

/** Removes `file` and the folders that it leaves empty, up to `root`. */
export async function remove(file: string, root: string): Promise<void> {
  try {
    await unlink(file)
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return
    throw error
  }
  let folder = dirname(file)
  try {
    for (; folder !== root; folder = dirname(folder)) await rmdir(folder)
  } catch {
    // Something else lies in it, or a concurrent delete was faster.
  }
  await syncFolder(folder).catch((error: unknown) => {
    if (!isCode(error, 'ENOENT')) throw error
  })
}

/** Makes a rename or a removal in `folder` survive a loss of power. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Removes what uploads that were interrupted left in `folder`. */
export async function sweepDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const file = join(folder, name)
    const age = Date.now() - (await stat(file).then(({ mtimeMs }) => mtimeMs, () => Date.now())) // prettier-ignore
    if (age > STALE_UPLOAD_MS) await unlink(file).catch(() => undefined)
  }
}
