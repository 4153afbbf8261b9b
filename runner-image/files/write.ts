import fs, { closeSync, fstatSync, futimesSync, statSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { chmod, link, mkdir, open, rename, rm, unlink } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { RunnerError, errnoOf, toRunnerError } from '../errors.ts'
import { writeAll } from './at-once.ts'
import { etagOf, versionOf } from './etag.ts'
import { readBytes } from './read.ts'
import type { SaveClock } from './save-clock.ts'
import type { Workspace } from './workspace.ts'

/** What must lie there for a write to happen: this etag, nothing, a file of whatever content, or no matter what. */
export type Precondition = { etag: string } | 'absent' | 'existing' | 'any'

export interface Written {
  etag: string
  size: number
  mtime: number
  /** Whether nothing was there before. */
  isNew: boolean
  /** What was there before, if that was asked for and is not larger. */
  replaced?: Buffer
}

interface TextWrite {
  path: string
  content: string
  ifMatch: Precondition
}

/** Writes a whole text file atomically. */
export async function writeText(workspace: Workspace, { path, content, ifMatch }: TextWrite): Promise<Written> {
  return writeFileAtomically(workspace, { path, ifMatch, content: Buffer.from(content) })
}

export interface AtomicWrite {
  path: string
  ifMatch: Precondition
  /** The content, or what writes it into the temporary file: outside the lock, as an upload may take its time. */
  content: Uint8Array | ((handle: FileHandle) => Promise<void>)
  /** Tell what is replaced, up to so many bytes. */
  tellReplaced?: number
}

/**
 * Writes beside the target and puts it in place with one rename: a reader sees the old content or the new, and whatever
 * process dies leaves one of them. It is not synced: what the kernel has taken outlives every process, and what is lost
 * with a whole machine is what was not in a snapshot yet, synced or not. A symbolic link inside the workspace is written
 * through; the mode is kept.
 */
export async function writeFileAtomically(workspace: Workspace, write: AtomicWrite): Promise<Written> {
  const { path, ifMatch } = write
  try {
    const target = workspace.resolveNew(path)
    // A refusal that can be known ahead spares an upload. What counts is the look before the rename.
    if (ifMatch !== 'any') check(target, path, ifMatch)
    const temporary = workspace.temporaryBeside(target)
    try {
      const written = await fillTemporary(temporary, write.content, workspace.saveClock)
      const outcome = await workspace.lock.run(async () => put({ temporary, written, target }, workspace, write))
      return { ...versionOf(written), ...outcome }
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
  } catch (error) {
    throw toRunnerError(error, path)
  }
}

const openDescriptor = promisify(fs.open)

async function fillTemporary(temporary: string, content: AtomicWrite['content'], clock: SaveClock) {
  if (typeof content === 'function') {
    await using handle = await inFolder(temporary, () => open(temporary, 'wx', 0o666))
    await content(handle)
    return stamp(handle.fd, clock)
  }
  const fd = await inFolder(temporary, () => openDescriptor(temporary, 'wx', 0o666))
  try {
    await writeAll(fd, content)
    return stamp(fd, clock)
  } finally {
    closeSync(fd)
  }
}

function stamp(fd: number, clock: SaveClock): BigIntStats {
  const seconds = clock.next() / 1000
  futimesSync(fd, seconds, seconds)
  return fstatSync(fd, { bigint: true })
}

/** Folders that are missing are made: most are there, so that is tried first. */
async function inFolder<T>(temporary: string, make: () => Promise<T>): Promise<T> {
  return make().catch(async (error: unknown) => {
    if (errnoOf(error) !== 'ENOENT') throw error
    await mkdir(dirname(temporary), { recursive: true })
    return make()
  })
}

/** Renames into place if the precondition still holds. */
async function put(
  { temporary, written, target }: { temporary: string; written: BigIntStats; target: string },
  workspace: Workspace,
  { path, ifMatch, tellReplaced }: AtomicWrite,
): Promise<Pick<Written, 'isNew' | 'replaced'>> {
  const before = check(target, path, ifMatch)
  if (before === undefined) {
    await linkOrRename(temporary, target)
    return { isNew: true }
  }
  if (before.mode !== written.mode) await chmod(temporary, Number(before.mode & 0o7777n))
  // What may be written and not read is not told.
  const replaced =
    tellReplaced === undefined ? undefined : await readBytes(workspace, path, tellReplaced).catch(() => undefined)
  await rename(temporary, target)
  return { isNew: false, ...(replaced !== undefined && { replaced }) }
}

/** `link` refuses an existing name, even one that a program made a moment ago; some file systems lack it. */
async function linkOrRename(temporary: string, target: string): Promise<void> {
  const isLinked = await link(temporary, target).then(
    () => true,
    (error: unknown) => {
      const errno = errnoOf(error)
      if (errno !== 'EPERM' && errno !== 'ENOTSUP' && errno !== 'EMLINK') throw error
      return false
    },
  )
  await (isLinked ? unlink(temporary) : rename(temporary, target))
}

function check(target: string, path: string, ifMatch: Precondition): BigIntStats | undefined {
  const found = statIfThere(target)
  if (found !== undefined && !found.isFile()) {
    const what = found.isDirectory() ? 'a folder' : 'not a regular file'
    throw new RunnerError(ifMatch === 'absent' ? 'conflict' : 'bad_request', `${path} is ${what}.`, { path })
  }
  if (ifMatch === 'any') return found
  if (ifMatch === 'absent') {
    if (found === undefined) return undefined
    throw new RunnerError('conflict', `${path} exists already.`, { path, advice: 'Choose another name, or open it.' })
  }
  if (found === undefined) {
    throw new RunnerError('conflict', `${path} has been deleted meanwhile.`, { path, advice: 'Save it as a new file.' })
  }
  if (ifMatch === 'existing' || etagOf(found) === ifMatch.etag) return found
  throw new RunnerError('conflict', `${path} was changed meanwhile.`, { path, advice: 'Compare it with your version.' })
}

function statIfThere(target: string): BigIntStats | undefined {
  try {
    return statSync(target, { bigint: true })
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw error
  }
}
