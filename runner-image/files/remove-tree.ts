import { chmod, lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../errors.ts'

/** Deletes for good whatever is at `path`, folders too that forbid their owner to change them (Go's modules do). */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    if (errnoOf(error) !== 'EACCES' && errnoOf(error) !== 'EPERM') throw error
    if ((await lstat(path)).isDirectory()) await openFolders(path)
    await rm(path, { recursive: true, force: true })
  }
}

async function openFolders(folder: string): Promise<void> {
  await chmod(folder, 0o700)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await openFolders(join(folder, entry.name))
  }
}
