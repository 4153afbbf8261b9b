import { execFile } from 'node:child_process'
import { basename } from 'node:path'
import { LEFTOVERS_TIMEOUT_MS, MAX_LEFTOVERS_BYTES } from '../limits.ts'
import { removeTree } from './remove-tree.ts'
import type { Trash } from './trash.ts'
import { TEMPORARY_NAME } from './workspace.ts'
import type { Workspace } from './workspace.ts'

/** Deletes what a runner that died has left half written or half copied under temporary names. */
export async function removeLeftovers(workspace: Workspace, trash: Trash): Promise<void> {
  await workspace.lock.alongside(async (signal) => {
    for (const path of await findTemporaries(workspace.root, signal)) {
      signal.throwIfAborted()
      const name = basename(path)
      if (!TEMPORARY_NAME.test(name) || workspace.isOwnTemporary(name) || (await trash.holds(path))) continue
      await removeTree(path)
    }
  })
}

/** Those that were found in time, and without those within others. */
async function findTemporaries(folder: string, signal: AbortSignal): Promise<string[]> {
  return new Promise((resolve) => {
    const options = {
      signal,
      timeout: LEFTOVERS_TIMEOUT_MS,
      maxBuffer: MAX_LEFTOVERS_BYTES,
      env: { PATH: '/usr/bin:/bin', NODE_ENV: 'production' },
    } as const
    const args = [folder, '-xdev', '-name', '.devex-*.tmp', '-prune', '-print0']
    // The last one may be cut off; what is not found now is found at the next start.
    execFile('find', args, options, (_error, stdout) => resolve(stdout.split('\0').slice(0, -1)))
  })
}
