import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { DELETE_TIMEOUT_MS } from './limits.ts'
import { runTool } from './run-tool.ts'

/**
 * Deletes a tree that a stranger wrote. `rm` walks by descriptors: it follows no symlink and manages paths deeper than
 * PATH_MAX, which Node's `fs.rm` does not. Folders that their owner closed (mode 000) are opened first where needed.
 */
export async function deleteTree(path: string): Promise<void> {
  const remove = () =>
    runTool(['rm', '-rf', '--one-file-system', '--', path], { timeoutMs: DELETE_TIMEOUT_MS }).then(() => {})
  try {
    await remove()
  } catch {
    await runTool(['chmod', '-R', 'u+rwX', '--', path], { timeoutMs: DELETE_TIMEOUT_MS }).catch(() => {})
    await remove()
  }
}

/** Empties a folder that others have mounted: the folder itself must stay the same one. */
export async function emptyFolder(path: string): Promise<void> {
  for (const name of await readdir(path)) await deleteTree(join(path, name))
}

/** Whether something is there; a dangling symlink is something. */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  )
}
