import { lstat, rm } from 'node:fs/promises'
import { RunnerError } from '../errors.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Place } from './places.ts'

/** To the trash, or for good where there is none; the trash's name for it. */
export async function remove(sandbox: OpenedSandbox, { folder, path, isWorkspace }: Place): Promise<string> {
  if (isWorkspace) return sandbox.trash.delete(path)
  if (path === '') throw new RunnerError('bad_request', 'The temporary folder itself cannot be deleted.')
  const absolute = folder.locate(path)
  await lstat(absolute).catch(() => {
    throw new RunnerError('not_found', `${path}: There is no such file or folder.`, { path })
  })
  await rm(absolute, { recursive: true, force: true })
  return ''
}
