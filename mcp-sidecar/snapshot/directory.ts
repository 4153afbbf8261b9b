import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import type { BigIntStats, Stats } from 'node:fs'
import { bytesOf } from '#snapshot/byte-string.ts'
import { secondsOf, setTimes } from './times.ts'

const { O_RDONLY, O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW, O_DIRECTORY, O_NONBLOCK } = constants
/** Linux: a handle that permits nothing but to name what it was opened on. */
const O_PATH = 0o10000000
const ASCII = /^[ -~]*$/
const SLASH = Buffer.from('/')
const FD_FOLDER = '/proc/self/fd'
const hasFdFolder = existsSync(FD_FOLDER)

/**
 * An open folder. What is in it is always reached through the open handle (`/proc/self/fd/N/name`, as openat(2) does)
 * and the last name is never followed, so programs that swap folders for symlinks meanwhile cannot lead the sidecar out
 * of the volume, and no path is ever too long. Names are byte strings. Without `/proc` (macOS, where nothing is isolated
 * either) ordinary paths are used.
 */
export class Directory implements Disposable {
  readonly #fd: number
  readonly #at: Buffer
  readonly #atText: string | undefined

  private constructor(fd: number, path: Buffer) {
    this.#fd = fd
    this.#at = hasFdFolder ? Buffer.from(`${FD_FOLDER}/${fd}`) : path
    this.#atText = hasFdFolder ? `${FD_FOLDER}/${fd}` : undefined
  }

  /** Opens a folder by its path, which must not be a symlink. */
  static openAt(path: string | Buffer): Directory {
    const bytes = Buffer.from(path)
    return new Directory(openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW), bytes)
  }

  /** Opens a folder in this one. */
  open(name: string): Directory {
    return Directory.openAt(this.#child(name))
  }

  /** Names in it, in the order of their bytes. */
  names(): string[] {
    return readdirSync(this.#at, { encoding: 'latin1' }).sort(byBytes)
  }

  /** `undefined` where nothing of that name is. */
  find(name: string): Stats | undefined {
    return lstatSync(this.#child(name), { throwIfNoEntry: false })
  }

  stat(name: string): Stats {
    return lstatSync(this.#child(name))
  }

  /** With times to the nanosecond. */
  statExactly(name: string): BigIntStats | undefined {
    return lstatSync(this.#child(name), { bigint: true, throwIfNoEntry: false })
  }

  ownStat(): Stats {
    return fstatSync(this.#fd)
  }

  ownStatExactly(): BigIntStats {
    return fstatSync(this.#fd, { bigint: true })
  }

  readlink(name: string): string {
    return readlinkSync(this.#child(name), { encoding: 'buffer' }).toString('latin1')
  }

  /** A handle to read a file; does not hang on a fifo. */
  openFile(name: string): number {
    return openSync(this.#child(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  }

  /** A handle to write a file that must not be there yet. Its mode is what the mask of this process leaves of `mode`. */
  createFile(name: string, mode: number): number {
    return openSync(this.#child(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode)
  }

  /** A handle to write a file that is there. */
  reopenFile(name: string): number {
    return openSync(this.#child(name), O_WRONLY | O_NOFOLLOW)
  }

  mkdir(name: string): void {
    mkdirSync(this.#child(name), 0o700)
  }

  symlink(target: string, name: string): void {
    symlinkSync(bytesOf(target), this.#child(name))
  }

  /** Gives something in it another name in another folder, in place of the file or symlink that may be there. */
  rename(name: string, folder: Directory, newName: string): void {
    renameSync(this.#child(name), folder.#child(newName))
  }

  unlink(name: string): boolean {
    unlinkSync(this.#child(name))
    return true
  }

  /** Removes a folder; `false` if it is not empty. */
  rmdir(name: string): boolean {
    try {
      rmdirSync(this.#child(name))
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST'))
        return false
      throw error
    }
  }

  /** Sets the modification time of anything in it, of a symlink itself too. */
  setLinkTime(name: string, mtime: number): void {
    const seconds = secondsOf(mtime)
    lutimesSync(this.#child(name), seconds, seconds)
  }

  /** Changes the mode of something in it that is no symlink; for what the owner himself may not open. */
  chmod(name: string, mode: number): void {
    if (!hasFdFolder) return chmodSync(this.#child(name), mode)
    const fd = openSync(this.#child(name), O_PATH | O_NOFOLLOW)
    try {
      chmodSync(`${FD_FOLDER}/${fd}`, mode)
    } finally {
      closeSync(fd)
    }
  }

  setMode(mode: number): void {
    this.#ifOurs(() => fchmodSync(this.#fd, mode))
  }

  setTime(mtime: number): void {
    this.#ifOurs(() => setTimes(this.#fd, mtime))
  }

  /** Removes everything in it. Nothing is followed; folders that forbid it are made to allow it. */
  empty(): void {
    for (const name of this.names()) {
      if (!this.stat(name).isDirectory()) {
        unlinkSync(this.#child(name))
        continue
      }
      this.chmod(name, 0o700)
      {
        using folder = this.open(name)
        folder.empty()
      }
      rmdirSync(this.#child(name))
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd)
  }

  /** Where a mount begins, the folder may be the cluster's, and only what lies in it ours. */
  #ifOurs(change: () => void): void {
    try {
      change()
    } catch (error) {
      const isForeign = fstatSync(this.#fd).uid !== process.geteuid?.()
      if (!isForeign || !(error instanceof Error) || !('code' in error) || error.code !== 'EPERM') throw error
    }
  }

  /** Text costs Node less than bytes; printable ASCII is the same in both. */
  #child(name: string): Buffer | string {
    return this.#atText !== undefined && ASCII.test(name)
      ? `${this.#atText}/${name}`
      : Buffer.concat([this.#at, SLASH, bytesOf(name)])
  }
}

function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
