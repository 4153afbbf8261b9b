import { MAX_NAME_BYTES } from '#protocol/limits.ts'
import { ROOTS } from './entry.ts'
import type { SnapshotEntry } from './entry.ts'
import { SnapshotError } from './snapshot-error.ts'
import { displayName } from './byte-string.ts'

/** Order of entries in a snapshot: root by root, each folder before what is in it, names by their bytes. */
export function compareEntries(
  a: Pick<SnapshotEntry, 'root' | 'path'>,
  b: Pick<SnapshotEntry, 'root' | 'path'>,
): number {
  if (a.root !== b.root) return ROOTS.indexOf(a.root) - ROOTS.indexOf(b.root)
  return comparePaths(a.path, b.path)
}

/** As byte strings, but that `/` comes before everything: so a folder's content comes before its longer-named neighbours. */
function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at += 1) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left !== right) return (left === SLASH ? 0 : left) - (right === SLASH ? 0 : right)
  }
  return a.length - b.length
}

const SLASH = 0x2f

/**
 * Throws unless the entries form a tree that can be written below two folders: in order, no path twice, no `..`, no
 * empty or overlong name, everything inside a folder that comes before it. So nothing lies behind a symlink.
 */
export function checkTree(entries: readonly SnapshotEntry[]): void {
  const check = new TreeCheck()
  for (const entry of entries) check.take(entry)
}

/** `checkTree`, entry by entry. */
export class TreeCheck {
  readonly #folders: string[] = []
  #previous: SnapshotEntry | undefined

  take(entry: SnapshotEntry): void {
    const previous = this.#previous
    if (previous !== undefined && compareEntries(previous, entry) >= 0) refuse(entry, 'out of order or there twice')
    if (previous?.root !== entry.root) this.#folders.length = 0
    checkPlace(entry, this.#folders)
    if (entry.type === 'directory') this.#folders.push(entry.path)
    this.#previous = entry
  }
}

/** `folders` is the chain from the root to the folder of the previous entry. */
function checkPlace(entry: SnapshotEntry, folders: string[]): void {
  if (entry.path === '') {
    if (entry.type !== 'directory') refuse(entry, 'a root that is no folder')
    return
  }
  if (!entry.path.split('/').every(isName)) refuse(entry, 'not a path inside a snapshot')
  const parent = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')))
  while (folders.length > 0 && folders.at(-1) !== parent) folders.pop()
  if (folders.length === 0) refuse(entry, 'in a folder that is not in the snapshot')
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && !name.includes('\0') && name.length <= MAX_NAME_BYTES
}

function refuse(entry: SnapshotEntry, why: string): never {
  throw new SnapshotError(`${entry.root}:${displayName(entry.path)} is ${why}`)
}
