import type { Stats } from 'node:fs'
import { lstat, readdir, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable, pipeline } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'
import { joinPath } from '#protocol/paths.ts'
import { FILE_CHUNK_BYTES } from '../limits.ts'
import { TEMPORARY_NAME } from './workspace.ts'
import type { Workspace } from './workspace.ts'
import { centralHeader, dataDescriptor, endOfArchive, localHeader } from './zip-records.ts'
import type { ZipEntry } from './zip-records.ts'

/**
 * A folder as a zip (APPNOTE 6.3), made while it is sent: nothing is held but the list of names. Links stay links, modes
 * and empty folders are kept. A file that cannot be read (gone, or not permitted) is left out.
 */
export async function* zipFolder(workspace: Workspace, path: string): AsyncGenerator<Uint8Array> {
  const entries: ZipEntry[] = []
  let offset = 0
  for await (const found of walk(workspace, path)) {
    const entry: ZipEntry = { name: found.name, stat: found.stat, offset, crc: 0, compressed: 0, size: 0 }
    const content = await open(workspace, found)
    if (content === undefined) continue
    entries.push(entry)
    for await (const bytes of encode(entry, content)) {
      offset += bytes.length
      yield bytes
    }
  }
  let directory = 0
  for (const entry of entries) {
    const header = centralHeader(entry)
    directory += header.length
    yield header
  }
  yield endOfArchive({ entries: entries.length, bytes: directory, offset })
}

interface Found {
  /** Name in the archive; folders end with a slash. */
  name: string
  path: string
  absolute: string
  stat: Stats
}

async function* walk(workspace: Workspace, top: string): AsyncGenerator<Found> {
  const folder = workspace.resolve(top)
  const names = await readdir(folder).catch(() => [])
  for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) {
    if (TEMPORARY_NAME.test(name)) continue
    const absolute = join(folder, name)
    const stat = await lstat(absolute).catch(() => undefined)
    if (stat === undefined) continue
    const path = joinPath(top, name)
    if (!stat.isDirectory()) {
      yield { name, path, absolute, stat }
      continue
    }
    yield { name: `${name}/`, path, absolute, stat }
    for await (const inner of walk(workspace, path)) yield { ...inner, name: `${name}/${inner.name}` }
  }
}

type Content = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/** An entry's bytes; `undefined` for what has none to give. */
async function open(workspace: Workspace, { stat, path, absolute }: Found): Promise<Content | undefined> {
  if (stat.isDirectory()) return []
  if (stat.isSymbolicLink())
    return readlink(absolute, 'buffer').then(
      (target) => [target],
      () => undefined,
    )
  if (!stat.isFile()) return undefined
  const handle = await workspace.openFile(path).catch(() => undefined)
  return handle?.createReadStream({ highWaterMark: FILE_CHUNK_BYTES })
}

async function* encode(entry: ZipEntry, content: Content): AsyncGenerator<Uint8Array> {
  yield localHeader(entry)
  if (entry.stat.isFile()) {
    const counted = async function* () {
      for await (const bytes of content) {
        entry.crc = crc32(bytes, entry.crc)
        entry.size += bytes.length
        yield bytes
      }
    }
    // A file that fails half way fails the archive: a short one would look complete.
    for await (const bytes of deflate(counted())) {
      entry.compressed += bytes.length
      yield bytes
    }
  } else {
    for await (const bytes of content) {
      entry.crc = crc32(bytes, entry.crc)
      entry.size += bytes.length
      entry.compressed += bytes.length
      yield bytes
    }
  }
  yield dataDescriptor(entry)
}

async function* deflate(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  // `pipeline` closes the file when the reader goes away half way.
  const deflater = pipeline(Readable.from(source), createDeflateRaw({ level: 1 }), () => {})
  for await (const bytes of deflater) if (bytes instanceof Uint8Array) yield bytes
}
