import { openPromise } from 'yauzl'
import type { Entry, ZipFile } from 'yauzl'
import { byteStringOf, displayName } from '#snapshot/byte-string.ts'
import type { DirectoryEntry } from '#snapshot/entry.ts'
import { isWorkspacePath, parentOf } from '#protocol/paths.ts'
import { AppError } from '#server/errors.ts'
import { foldersAbove } from '#server/workspaces/history/folders-above.ts'
import type { SourceEntry } from '#server/workspaces/history/write-snapshot.ts'

/** Things in one zip, the folders that its paths only imply among them. */
const MAX_ENTRIES = 100_000
/** Of all their paths together: a few MiB of zip can imply gigabytes of them. */
const MAX_PATHS_BYTES = 32 * 1024 ** 2
/** Bounds of what a zip may hold. */
interface ZipLimits {
  /** Unpacked. */
  maxBytes: number
  /** Files and folders. */
  maxEntries?: number
}

/** Longest target of a link. */
const MAX_LINK_BYTES = 4096
const FILE_TYPE_MASK = 0o170000
const SYMLINK = 0o120000

/**
 * The files of a zip as a project. Paths that lead out of it, two things with one name, passwords, and more than
 * `maxBytes` unpacked are refused before anything is kept. A single folder around everything, as code hosts make it, is
 * taken off. Links stay links, and nobody follows them.
 */
export async function* readZip(file: string, limits: ZipLimits): AsyncGenerator<SourceEntry> {
  const { entries, shell } = await listZip(file, limits)
  const now = Date.now()
  for (const root of ['workspace', 'home'] as const) yield folder({ root, path: '', mtime: now })
  const folders = new Set<string>([''])
  const zip = await openZip(file)
  try {
    for (const entry of entries) {
      const path = pathOf(entry).slice(shell.length)
      if (path === '') continue
      const mtime = entry.getLastModDate().getTime()
      const isFolder = entry.fileName.endsWith('/')
      for (const above of [...foldersAbove(path).reverse(), ...(isFolder ? [path] : [])]) {
        if (folders.has(above)) continue
        folders.add(above)
        yield folder({ root: 'workspace', path: byteStringOf(above), mtime })
      }
      if (!isFolder) yield await fileOf(zip, entry, { path: byteStringOf(path), mtime })
    }
  } finally {
    zip.close()
  }
}

async function openZip(file: string): Promise<ZipFile> {
  try {
    return await openPromise(file, { autoClose: false, validateEntrySizes: true })
  } catch (cause) {
    throw new AppError('bad_request', 'This is not a zip, or it is damaged.', {
      cause,
      advice: 'Make it again, for example with: zip -r project.zip .',
    })
  }
}

/** Everything in it, checked, and the folder around all of it (with a slash) if there is one. */
async function listZip(
  file: string,
  { maxBytes, maxEntries = MAX_ENTRIES }: ZipLimits,
): Promise<{ entries: Entry[]; shell: string }> {
  const zip = await openZip(file)
  try {
    const entries: Entry[] = []
    const folders = new Folders()
    let bytes = 0
    let [files, pathsBytes] = [0, 0]
    for await (const entry of zip.eachEntry()) {
      check(entry)
      bytes += entry.uncompressedSize
      const isFile = !entry.fileName.endsWith('/')
      files += isFile ? 1 : 0
      pathsBytes += isFile ? entry.fileName.length : 0
      entries.push(entry)
      folders.add(isFile ? parentOf(pathOf(entry)) : pathOf(entry), () => {
        if (Math.max(entries.length, files + folders.count) > maxEntries)
          throw tooLarge(`more than ${maxEntries} files and folders`)
        if (pathsBytes + folders.pathsBytes > MAX_PATHS_BYTES) throw tooLarge('paths that are too deep')
      })
      if (bytes > maxBytes) throw tooLarge(`more than ${Math.floor(maxBytes / 1024 ** 2)} MiB unpacked`)
    }
    const [first] = entries
    const top = first === undefined ? '' : `${pathOf(first).split('/')[0] ?? ''}/`
    const isShell = entries.every((entry) => entry.fileName.startsWith(top))
    return { entries, shell: isShell && top !== '/' ? top : '' }
  } catch (cause) {
    if (cause instanceof AppError) throw cause
    throw new AppError('bad_request', 'This zip cannot be imported.', {
      cause,
      advice: cause instanceof Error ? cause.message : 'Make it again.',
    })
  } finally {
    zip.close()
  }
}

/** The folders of a zip, named or only implied by what lies in them, each counted once. */
class Folders {
  readonly #known = new Set<string>()
  pathsBytes = 0

  get count(): number {
    return this.#known.size
  }

  /** Adds a folder and those above it; `check` is called after each that is new, and once if none is. */
  add(path: string, check: () => void): void {
    for (let folder = path; folder !== '' && !this.#known.has(folder); folder = parentOf(folder)) {
      this.#known.add(folder)
      this.pathsBytes += folder.length
      check()
    }
    check()
  }
}

function check(entry: Entry): void {
  if (!isWorkspacePath(pathOf(entry)))
    throw new AppError('bad_request', `${JSON.stringify(entry.fileName)} in this zip is not a path inside a project.`)
  if (entry.isEncrypted())
    throw new AppError('bad_request', 'This zip has a password.', { advice: 'Make it again without one.' })
}

function pathOf({ fileName }: Entry): string {
  return fileName.endsWith('/') ? fileName.slice(0, -1) : fileName
}

function folder(place: Pick<DirectoryEntry, 'root' | 'path' | 'mtime'>): DirectoryEntry {
  return { ...place, type: 'directory', mode: 0o755 }
}

async function fileOf(
  zip: ZipFile,
  entry: Entry,
  { path, mtime }: { path: string; mtime: number },
): Promise<SourceEntry> {
  const attributes = entry.externalFileAttributes >>> 16
  const content = await zip.openReadStreamPromise(entry)
  const place = { root: 'workspace', path, mtime } as const
  if ((attributes & FILE_TYPE_MASK) === SYMLINK) {
    if (entry.uncompressedSize > MAX_LINK_BYTES) throw new AppError('bad_request', `The link ${path} is too long.`)
    const target = Buffer.concat(await content.toArray()).toString('latin1')
    if (target === '' || target.includes('\0'))
      throw new AppError('bad_request', `The link ${JSON.stringify(displayName(path))} in this zip leads nowhere.`, {
        advice: 'Make the zip again.',
      })
    return { ...place, type: 'symlink', mode: 0o777, target }
  }
  // Only what git keeps of a mode: whether it can be executed.
  return { ...place, type: 'file', mode: (attributes & 0o100) === 0 ? 0o644 : 0o755, content }
}

function tooLarge(what: string): AppError {
  return new AppError('too_large', `This zip holds ${what}.`, {
    advice: 'Leave out what the project can install or build again, such as node_modules.',
  })
}
