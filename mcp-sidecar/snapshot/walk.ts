import type { BigIntStats } from 'node:fs'
import { join } from 'node:path'
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
  stats: BigIntStats
  /** The folder that it is in. */
  parent: Directory
}

export interface Visitor {
  /** A folder that could be opened. What is in it follows. */
  folder(found: Omit<Found, 'parent'>): void
  /** Anything else. */
  other(found: Found): Promise<void> | undefined
  /** A folder that nobody may look into. */
  unreadable(found: Found): void
}

/** Goes through the volume in the order of a snapshot's entries, named caches left out. What vanishes meanwhile is passed over. */
export async function walkVolume(volumeDir: string, visitor: Visitor): Promise<void> {
  const slice = createSlices()
  for (const root of ROOTS) {
    using folder = openRoot(volumeDir, root)
    visitor.folder({ root, path: '', name: '', stats: folder.ownStat() })
    await walkFolder({ root, path: '', folder }, visitor, slice)
  }
}

interface Place {
  root: Root
  path: string
  folder: Directory
}

async function walkFolder(place: Place, visitor: Visitor, slice: () => Promise<void> | undefined): Promise<void> {
  for (const name of place.folder.names()) {
    await slice()
    const path = place.path === '' ? name : `${place.path}/${name}`
    if (CACHES[place.root].has(path)) continue
    const stats = unlessGone(() => place.folder.stat(name))
    if (stats === undefined) continue
    const found = { root: place.root, path, name, stats, parent: place.folder }
    if (stats.isDirectory()) await enter(found, visitor, slice)
    else await visitor.other(found)
  }
}

async function enter(found: Found, visitor: Visitor, slice: () => Promise<void> | undefined): Promise<void> {
  const opened = unlessGone(() => openFolder(found))
  if (opened === 'forbidden') return visitor.unreadable(found)
  if (opened === undefined) return
  using folder = opened.folder
  try {
    visitor.folder(found)
    await walkFolder({ root: found.root, path: found.path, folder }, visitor, slice)
  } finally {
    if (opened.mode !== undefined) folder.setMode(opened.mode)
  }
}

/** Opens a folder; one that its owner may not list is made listable until it is left, and then gets back `mode`. */
function openFolder({ parent, name, stats }: Found): { folder: Directory; mode?: number } | 'forbidden' {
  const mode = Number(stats.mode) & 0o7777
  const isListable = (mode & 0o500) === 0o500
  try {
    if (!isListable) parent.chmod(name, mode | 0o500)
    return { folder: parent.open(name), ...(!isListable && { mode }) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM'))
      return 'forbidden'
    throw error
  }
}

function openRoot(volumeDir: string, root: Root): Directory {
  try {
    return Directory.openAt(join(volumeDir, root))
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
