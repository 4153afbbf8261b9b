import { readdir, stat } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'
import { toRunnerError } from '../errors.ts'
import { KEPT_LISTING_MS, LISTING_SETTLED_MS, MAX_KEPT_LISTINGS, SORTED_IN_A_TURN } from '../limits.ts'
import { TEMPORARY_NAME } from './workspace.ts'
import type { Workspace } from './workspace.ts'

export interface Listed {
  isFolder: boolean
  name: string
}

interface Kept {
  version: string
  names: Listed[]
  expiry: NodeJS.Timeout
}

/** Large folders somebody pages through, by their real path, the last one asked for at the end. */
const keptBy = new WeakMap<Workspace, Map<string, Kept>>()

interface Folder {
  /** Real path, and the one that is told. */
  folder: string
  path: string
}

/**
 * What lies in a folder: folders first, then by name. The page after another one (`isContinued`) has the names of that
 * one, if the folder is as it was: to read and sort 100,000 again takes half a second, and they have 200 pages.
 */
export async function sortedNames(
  workspace: Workspace,
  { folder, path }: Folder,
  isContinued: boolean,
): Promise<Listed[]> {
  const fail = (error: unknown) => {
    throw toRunnerError(error, path)
  }
  const { ino, ctimeNs, ctimeMs } = await stat(folder, { bigint: true }).catch(fail)
  const version = `${ino} ${ctimeNs}`
  const kept = keptBy.get(workspace)?.get(folder)
  if (isContinued && kept?.version === version) {
    kept.expiry.refresh()
    return kept.names
  }
  // The file system's clock is coarse: another change could leave the time of one so recent as it is.
  const isSettled = Date.now() - Number(ctimeMs) > LISTING_SETTLED_MS
  const entries = await readdir(folder, { withFileTypes: true }).catch(fail)
  const listed = entries.flatMap((entry) =>
    TEMPORARY_NAME.test(entry.name) ? [] : [{ isFolder: entry.isDirectory(), name: entry.name }],
  )
  const names = await sortInTurns(listed)
  if (isSettled && names.length > SORTED_IN_A_TURN) keep(workspace, folder, { version, names })
  return names
}

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'variant' })

export function compare(a: Listed, b: Listed): number {
  if (a.isFolder !== b.isFolder) return a.isFolder ? -1 : 1
  const order = byName.compare(a.name, b.name)
  if (order !== 0 || a.name === b.name) return order
  return a.name < b.name ? -1 : 1
}

function keep(workspace: Workspace, folder: string, { version, names }: Omit<Kept, 'expiry'>): void {
  const listings = keptBy.get(workspace) ?? new Map<string, Kept>()
  keptBy.set(workspace, listings)
  const drop = (key: string) => {
    clearTimeout(listings.get(key)?.expiry)
    listings.delete(key)
  }
  drop(folder)
  for (const oldest of listings.keys()) {
    if (listings.size < MAX_KEPT_LISTINGS) break
    drop(oldest)
  }
  const expiry = setTimeout(() => listings.delete(folder), KEPT_LISTING_MS)
  expiry.unref()
  listings.set(folder, { version, names, expiry })
}

/** Some at a time, so that the shells have their turn: they share this thread. */
export async function sortInTurns(listed: Listed[]): Promise<Listed[]> {
  let runs: Listed[][] = []
  for (let at = 0; at < listed.length; at += SORTED_IN_A_TURN) {
    if (at > 0) await setImmediate()
    runs.push(listed.slice(at, at + SORTED_IN_A_TURN).sort(compare))
  }
  while (runs.length > 1) {
    const merged: Listed[][] = []
    for (let at = 0; at < runs.length; at += 2) merged.push(await merge(runs[at] ?? [], runs[at + 1] ?? []))
    runs = merged
  }
  return runs[0] ?? []
}

async function merge(a: Listed[], b: Listed[]): Promise<Listed[]> {
  const merged: Listed[] = []
  let [fromA, fromB] = [0, 0]
  for (;;) {
    const [nextA, nextB] = [a[fromA], b[fromB]]
    if (nextA === undefined) return [...merged, ...b.slice(fromB)]
    if (nextB === undefined) return [...merged, ...a.slice(fromA)]
    if (compare(nextA, nextB) <= 0) {
      merged.push(nextA)
      fromA++
    } else {
      merged.push(nextB)
      fromB++
    }
    if (merged.length % SORTED_IN_A_TURN === 0) await setImmediate()
  }
}
