import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { pack as createTar } from 'tar-stream'
import type { Pack } from 'tar-stream'
import { ZipFile } from 'yazl'
import { bytesOf, displayName } from '#snapshot/byte-string.ts'
import type { SnapshotEntry } from '#snapshot/entry.ts'
import type { OpenSnapshot } from '#server/workspaces/history/open-snapshot.ts'

export const ARCHIVE_FORMATS = ['zip', 'tar.gz'] as const
export type ArchiveFormat = (typeof ARCHIVE_FORMATS)[number]

/** File type bits of a mode (POSIX `S_IFREG`, `S_IFDIR`, `S_IFLNK`), which zip keeps beside the permissions. */
const FILE_TYPE = { file: 0o100000, directory: 0o040000, symlink: 0o120000 } as const

/**
 * The project of a snapshot (its `workspace`, not the home folder) as an archive, made while it is read: in memory are
 * its entries and one frame. Modes, times, empty folders and links are kept. Names that are not UTF-8 get replacement
 * characters: neither library writes raw bytes.
 */
export function archive({ entries, read }: OpenSnapshot, format: ArchiveFormat): Readable {
  // For as long as the download takes these are in memory, so the home folder's are let go.
  const project: Project = { entries: entries.filter(({ root, path }) => root === 'workspace' && path !== ''), read }
  return format === 'zip' ? zip(project) : tarGz(project)
}

type Project = Pick<OpenSnapshot, 'entries' | 'read'>

function zip({ entries, read }: Project): Readable {
  const file = new ZipFile()
  const output = Readable.from(file.outputStream)
  file.on('error', (error) => output.destroy(error))
  for (const entry of entries) {
    const name = displayName(entry.path)
    const options = { mtime: dateIn(entry, MAX_UINT32_S), mode: FILE_TYPE[entry.type] | (entry.mode & 0o7777) }
    switch (entry.type) {
      case 'directory':
        file.addEmptyDirectory(name, options)
        break
      case 'symlink':
        file.addBuffer(bytesOf(entry.target), name, { ...options, compress: false })
        break
      case 'file':
        file.addReadStreamLazy(name, { ...options, size: entry.size }, (give) => {
          const content = Readable.from(read(entry))
          content.on('error', (error) => output.destroy(error))
          give(null, content)
        })
    }
  }
  file.end()
  return output
}

function tarGz(project: Project): Readable {
  const tar = createTar()
  const output = tar.pipe(createGzip())
  tar.on('error', (error) => output.destroy(error))
  output.on('close', () => tar.destroy())
  fill(tar, project).then(
    () => tar.finalize(),
    (error: unknown) => output.destroy(error instanceof Error ? error : new Error(String(error))),
  )
  return output
}

/** What the formats' libraries can write: neither takes times before 1970, and each has its last second. */
function dateIn({ mtime }: SnapshotEntry, lastSecond: number): Date {
  return new Date(Math.min(Math.max(0, mtime), lastSecond * 1000))
}

const MAX_INT32_S = 2 ** 31 - 1
const MAX_UINT32_S = 2 ** 32 - 1

async function fill(tar: Pack, { entries, read }: Project): Promise<void> {
  for (const entry of entries) {
    const header = { name: displayName(entry.path), mode: entry.mode & 0o7777, mtime: dateIn(entry, MAX_INT32_S) }
    if (entry.type === 'directory') tar.entry({ ...header, type: 'directory' })
    else if (entry.type === 'symlink') tar.entry({ ...header, type: 'symlink', linkname: displayName(entry.target) })
    else {
      const { promise, resolve, reject } = Promise.withResolvers<undefined>()
      const sink = tar.entry({ ...header, size: entry.size }, (error) => (error ? reject(error) : resolve(undefined)))
      // It breaks where the browser goes away, and an error that nobody listens to would end the process.
      sink.on('error', reject)
      Readable.from(read(entry)).on('error', reject).pipe(sink)
      await promise
    }
  }
}
