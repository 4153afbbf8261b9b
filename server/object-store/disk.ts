import { createHash } from 'node:crypto'
import { mkdir, open, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { AppError } from '#server/errors.ts'
import {
  assertContent,
  assertObjectKey,
  assertObjectPrefix,
  assertRange,
  objectConflict,
  rangeRefused,
} from '#server/object-store/bounds.ts'
import { HEADER_BYTES, place, readInfo, remove, sweepDrafts, writeDraft } from '#server/object-store/disk-files.ts'
import { isCode, withFileLock } from '#server/object-store/disk-lock.ts'
import { presignDisk } from '#server/object-store/disk-presigned.ts'
import type { Body } from '#server/object-store/disk-files.ts'
import type { ObjectInfo, ObjectStore, PutCondition } from '#server/object-store/object-store.ts'

const FORMAT = 1

interface Folders {
  root: string
  objects: string
  drafts: string
  locks: string
}

/**
 * The object store in a folder. What was acknowledged survives a crash of the process and of the machine; conditions
 * hold against other processes with the same folder too. Pre-signed URLs lead to `serveDiskObject`.
 */
export async function openDiskObjectStore(options: { folder: string; signingKey: Uint8Array }): Promise<ObjectStore> {
  const { folder: root, signingKey } = options
  const folders = { root, objects: join(root, 'objects'), drafts: join(root, 'drafts'), locks: join(root, 'locks') }
  await translated(root, async () => {
    for (const folder of [folders.objects, folders.drafts, folders.locks])
      await mkdir(folder, { recursive: true, mode: 0o700 })
    await claimFormat(root)
    await sweepDrafts(folders.drafts)
  })
  return new DiskObjectStore(folders, signingKey)
}

async function claimFormat(root: string): Promise<void> {
  const file = join(root, 'format')
  await writeFile(file, `${FORMAT}\n`, { flag: 'wx' }).catch((error: unknown) => {
    if (!isCode(error, 'EEXIST')) throw error
  })
  // Empty: a crash came between making and filling it.
  const found = (await readFile(file, 'utf8')).trim()
  if (found !== '' && !(Number(found) <= FORMAT))
    throw new AppError(
      'not_supported',
      `The objects in ${root} were written by a newer version of Devex (format ${found}; this one knows up to ${FORMAT}).`,
      { advice: 'Update Devex, or let DEVEX_DATA name another folder.' },
    )
}

class DiskObjectStore implements ObjectStore {
  readonly #folders: Folders
  readonly #signingKey: Uint8Array
  /** The last of those who wait in this process for a key: they need not poll a lock file. */
  readonly #queues = new Map<string, Promise<unknown>>()

  constructor(folders: Folders, signingKey: Uint8Array) {
    this.#folders = folders
    this.#signingKey = signingKey
  }

  async put(key: string, body: Body, condition?: PutCondition): Promise<{ etag: string }> {
    assertObjectKey(key)
    return this.#translated(async () => {
      const { draft, etag } = await writeDraft(this.#folders.drafts, body)
      try {
        await this.#locked(key, async () => {
          if (condition !== undefined) {
            const expected = 'ifMatch' in condition ? condition.ifMatch : undefined
            if ((await this.#info(key))?.etag !== expected) throw objectConflict(key)
          }
          await place(draft, this.#file(key), this.#folders.objects)
        })
        return { etag }
      } finally {
        // Gone if it was placed.
        await rm(draft, { force: true })
      }
    })
  }

  async get(key: string, range?: { first: number; last: number }) {
    assertObjectKey(key)
    if (range !== undefined) assertRange(range)
    return this.#translated(async () => {
      const handle = await openIfThere(this.#file(key))
      if (handle === undefined) return undefined
      try {
        const info = await readInfo(handle, key)
        if (range !== undefined && range.first >= info.bytes) throw rangeRefused(range)
        const first = range?.first ?? 0
        const last = Math.min(range?.last ?? Infinity, info.bytes - 1)
        if (info.bytes > 0)
          return { body: handle.createReadStream({ start: HEADER_BYTES + first, end: HEADER_BYTES + last }), info }
        await handle.close()
        return { body: Readable.from([]), info }
      } catch (error) {
        await handle.close()
        throw error
      }
    })
  }

  async head(key: string): Promise<ObjectInfo | undefined> {
    assertObjectKey(key)
    return this.#translated(() => this.#info(key))
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    assertObjectPrefix(prefix)
    for await (const key of this.#keys('', prefix)) {
      const info = await this.#translated(() => this.#info(key))
      if (info !== undefined) yield info
    }
  }

  async delete(keys: string[]): Promise<void> {
    for (const key of keys) assertObjectKey(key)
    await this.#translated(async () => {
      for (const key of keys) await this.#locked(key, () => remove(this.#file(key), this.#folders.objects))
    })
  }

  async presignPut(key: string, content: { bytes: number; sha256: string }) {
    assertObjectKey(key)
    assertContent(content)
    return presignDisk(this.#signingKey, { method: 'PUT', key, ...content })
  }

  async presignGet(key: string) {
    assertObjectKey(key)
    return presignDisk(this.#signingKey, { method: 'GET', key })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#queues.values())
  }

  /** Keys in order. A folder sorts as its name with the `/` that its keys continue with. */
  async *#keys(parent: string, prefix: string): AsyncGenerator<string> {
    const entries = await this.#translated(() =>
      readdir(join(this.#folders.objects, parent), { withFileTypes: true }).catch((error: unknown) => {
        if (isCode(error, 'ENOENT')) return []
        throw error
      }),
    )
    const names = entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name.slice(0, -1)))
    for (const name of names.sort()) {
      const key = parent + name
      if (name.endsWith('/')) {
        if (key.startsWith(prefix) || prefix.startsWith(key)) yield* this.#keys(key, prefix)
      } else if (key.startsWith(prefix)) yield key
    }
  }

  async #info(key: string): Promise<ObjectInfo | undefined> {
    const handle = await openIfThere(this.#file(key))
    if (handle === undefined) return undefined
    try {
      return await readInfo(handle, key)
    } finally {
      await handle.close()
    }
  }

  /** An object's file ends in `=`, which no key contains, so that `a` and `a/b` can both be there. */
  #file(key: string): string {
    return join(this.#folders.objects, `${key}=`)
  }

  async #locked<T>(key: string, body: () => Promise<T>): Promise<T> {
    const lock = join(this.#folders.locks, createHash('sha256').update(key).digest('hex'))
    const before = this.#queues.get(key)
    const run = (before ?? Promise.resolve()).then(() => withFileLock(lock, body))
    // Whoever comes next waits for the end, whatever it is.
    const end = run.then(() => undefined, () => undefined) // prettier-ignore
    this.#queues.set(key, end)
    try {
      return await run
    } finally {
      if (this.#queues.get(key) === end) this.#queues.delete(key)
    }
  }

  #translated<T>(body: () => Promise<T>): Promise<T> {
    return translated(this.#folders.root, body)
  }
}

async function openIfThere(file: string) {
  try {
    return await open(file, 'r')
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return undefined
    throw error
  }
}

/** Faults of the system in the port's words. */
async function translated<T>(folder: string, body: () => Promise<T>): Promise<T> {
  try {
    return await body()
  } catch (error) {
    if (isCode(error, 'ENOSPC') || isCode(error, 'EDQUOT'))
      throw new AppError('unavailable', `The disk that holds ${folder} is full.`, {
        cause: error,
        advice: 'Make room on it. Nothing that was acknowledged is lost.',
      })
    if (['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'EIO', 'EMFILE'].some((code) => isCode(error, code)))
      throw new AppError(
        'unavailable',
        `The folder ${folder} cannot be used: ${error instanceof Error ? error.message : ''}.`,
        {
          cause: error,
          advice: 'Make it a folder that this user may write to, or let DEVEX_DATA name another one.',
        },
      )
    throw error
  }
}
