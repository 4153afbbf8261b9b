import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Makes an empty folder for what is being received. It lies in the data folder: `/tmp` is memory on many machines. What a
 * process that was killed left there is removed; so this is called by the only one that runs on that data folder.
 */
export async function openUploads(dataFolder: string): Promise<string> {
  const folder = join(dataFolder, 'uploads')
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return folder
}
