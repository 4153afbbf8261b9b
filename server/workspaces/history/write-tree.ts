import { chmod, lutimes, mkdir, open, readdir, symlink, utimes } from 'node:fs/promises'
import { bytesOf, byteStringOf } from '#snapshot/byte-string.ts'
import { ROOTS } from '#snapshot/entry.ts'
import type { FileEntry, SnapshotEntry } from '#snapshot/entry.ts'
import { AppError } from '#server/errors.ts'
import type { OpenSnapshot } from '#server/workspaces/history/open-snapshot.ts'

/**
 * Writes a snapshot below a folder that is empty or not there: `workspace/` and `home/`, with modes and times. Entries
 * come parents first and nothing lies behind a symlink (`checkTree`), so nothing is written anywhere else.
 */
export async function writeTree(snapshot: OpenSnapshot, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  if ((await readdir(folder)).length > 0)
    throw new AppError('conflict', `${folder} is not empty.`, { advice: 'Name a folder that is empty or not there.' })
  const placeOf = ({ root, path }: Pick<SnapshotEntry, 'root' | 'path'>) =>
    bytesOf([byteStringOf(folder), root, ...(path === '' ? [] : [path])].join('/'))
  for (const root of ROOTS) await mkdir(placeOf({ root, path: '' }))
  for (const entry of snapshot.entries) {
    const place = placeOf(entry)
    if (entry.type === 'directory' && entry.path !== '') await mkdir(place)
    else if (entry.type === 'file') await writeFile(snapshot, entry, place)
    else if (entry.type === 'symlink') {
      await symlink(bytesOf(entry.target), place)
      await lutimes(place, secondsOf(entry.mtime), secondsOf(entry.mtime))
    }
  }
  // Innermost first: a folder that forbids entry must be the last of its branch.
  for (const entry of snapshot.entries.toReversed()) {
    if (entry.type !== 'directory') continue
    await utimes(placeOf(entry), secondsOf(entry.mtime), secondsOf(entry.mtime))
    await chmod(placeOf(entry), entry.mode)
  }
}

async function writeFile(snapshot: OpenSnapshot, entry: FileEntry, place: Buffer): Promise<void> {
  await using file = await open(place, 'wx', 0o600)
  for await (const part of snapshot.read(entry)) await file.writeFile(part)
  await file.chmod(entry.mode)
  await file.utimes(secondsOf(entry.mtime), secondsOf(entry.mtime))
}

/**
 * Half a microsecond is added: what a double lies below a millisecond would be cut down to the one before. As text, since
 * Node takes a negative number for the present.
 */
function secondsOf(milliseconds: number): string {
  return String((milliseconds * 1000 + 0.5) / 1_000_000)
}
