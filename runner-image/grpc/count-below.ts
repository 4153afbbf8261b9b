import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { toRunnerError } from '../errors.ts'

/** How many entries a deletion of `absolute` takes, itself included; counting stops at `limit`. */
export async function countBelow(absolute: string, path: string, limit: number): Promise<number> {
  const found = await lstat(absolute).catch((error: unknown) => {
    throw toRunnerError(error, path)
  })
  let count = 1
  const open = found.isDirectory() ? [absolute] : []
  for (let folder = open.pop(); folder !== undefined && count < limit; folder = open.pop()) {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
    count += entries.length
    for (const entry of entries) if (entry.isDirectory()) open.push(join(folder, entry.name))
  }
  return Math.min(count, limit)
}
