import type { BigIntStats, Stats } from 'node:fs'
import { CACHES } from '#snapshot/caches.ts'
import { ROOTS } from '#snapshot/entry.ts'
import type { Root } from '#snapshot/entry.ts'
import { SidecarError } from '../sidecar-error.ts'
import { Directory } from './directory.ts'
import { createSlices } from './slice.ts'

/** Something in the volume, while its folder is open. */
export interface Found {
  root: Root
  /** Byte string, relative to the root; `''`: the root itself. */
  path: string
  name: string
  stats: Stats
  /** The folder that it is in. */
  parent: Directory
}

/** A folder in the volume, open. */
export interface FoundFolder {
  root: Root
  path: string
  stats: Stats
  folder: Directory
}

/** What they return, if anything, is awaited before the walk goes on. */
export interface Visitor {
  /** A folder that could be opened. What is in it follows. */
  folder(found: FoundFolder): Promise<void> | undefined
  /** Anything else. */
  other(found: Found): Promise<void> | undefined
  /** A folder that nobody may look into. */
  unreadable(found: Found): void
  /** A folder that had to be opened to its owner, and is closed again: as it was left. */
  closedAgain?(place: { root: Root; path: string }, stats: BigIntStats): void
}

/** Goes through the volume in the order of a snapshot's entries, named caches left out. What vanishes meanwhile is passed over. */
export async function walkVolume(volumeDir: string, visitor: Visitor): Promise<void> {
  const slice = createSlices()
  for (const root of ROOTS) {
    using opened = openRoot(volumeDir, root, visitor)
    await walkFolder({ root, path: '', stats: opened.stats, folder: opened.folder }, visitor, slice)
  }
}

/** Goes through one thing in an open folder and, if it is a folder, all that is in it. */
export async function walkFrom(parent: Directory, { root, path }: { root: Root; path: string }, visitor: Visitor) {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const stats = parent.find(name)
  if (stats !== undefined && !CACHES[root].has(path))
    await walkEntry({ root, path, name, stats, parent }, visitor, createSlices())
}

type Slice = () => Promise<void> | undefined

async function walkFolder(place: FoundFolder, visitor: Visitor, slice: Slice): Promise<void> {
  const { root, folder } = place
  const seen = visitor.folder(place)
  if (seen !== undefined) await seen
  for (const name of folder.names()) {
    const pause = slice()
    if (pause !== undefined) await pause
    const path = place.path === '' ? name : `${place.path}/${name}`
    if (CACHES[root].has(path)) continue
    const stats = folder.find(name)
    if (stats === undefined) continue
    const walked = walkEntry({ root, path, name, stats, parent: folder }, visitor, slice)
    if (walked !== undefined) await walked
  }
}

function walkEntry(found: Found, visitor: Visitor, slice: Slice): Promise<void> | undefined {
  return found.stats.isDirectory() ? enter(found, visitor, slice) : visitor.other(found)
}

async function enter(found: Found, visitor: Visitor, slice: Slice): Promise<void> {
  const opened = unlessGone(() => openFolder(found, visitor))
  if (opened === 'forbidden') return visitor.unreadable(found)
  if (opened === undefined) return
  using _ = opened
  await walkFolder({ root: found.root, path: found.path, stats: found.stats, folder: opened.folder }, visitor, slice)
}

interface Opened extends Disposable {
  folder: Directory
}

/**
 * Opens a folder; one that its owner may not list is made listable until it is left, and then gets back its mode, unless
 * somebody has changed it meanwhile.
 */
function openFolder({ root, path, parent, name, stats }: Found, visitor: Visitor): Opened | 'forbidden' {
  const mode = stats.mode & 0o7777
  const isListable = (mode & 0o500) === 0o500
  try {
    if (!isListable) parent.chmod(name, mode | 0o500)
    const folder = parent.open(name)
    if (isListable) return { folder, [Symbol.dispose]: () => folder[Symbol.dispose]() }
    return closedAgain(folder, mode, (left) => visitor.closedAgain?.({ root, path }, left))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM'))
      return 'forbidden'
    throw error
  }
}

function closedAgain(folder: Directory, mode: number, onClosed: (left: BigIntStats) => void): Opened {
  const opened = folder.ownStatExactly()
  return {
    folder,
    [Symbol.dispose]: () => {
      using _ = folder
      const now = folder.ownStatExactly()
      // Another mode changes the one time, an entry that comes or goes both.
      const isSameMode = now.mode === opened.mode && (now.ctimeNs === opened.ctimeNs || now.mtimeNs !== opened.mtimeNs)
      if (!isSameMode) return
      folder.setMode(mode)
      const left = folder.ownStatExactly()
      if ((Number(left.mode) & 0o7777) === mode) onClosed(left)
    },
  }
}

function openRoot(volumeDir: string, root: Root, visitor: Visitor): Opened & { stats: Stats } {
  try {
    using parent = Directory.openAt(volumeDir)
    const stats = parent.stat(root)
    const opened = openFolder({ root, path: '', parent, name: root, stats }, visitor)
    if (opened !== 'forbidden') return { ...opened, stats }
    throw new Error('It is somebody else’s.')
  } catch (cause) {
    throw new SidecarError('internal', `The volume's ${root} folder cannot be opened; nothing is saved over it.`, {
      advice: 'Resume the repl to have the folder made again.',
      cause,
    })
  }
}

/** `undefined` where what was listed is not there any more, or is something else by now. */
export function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Whether something failed since what it was to be done to is not there any more, or is something else by now. */
export function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && GONE.has(String(error.code))
}

const GONE = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'])
