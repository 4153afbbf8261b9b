import { readlink, stat } from 'node:fs/promises'
import { relative } from 'node:path'
import type { Workspace } from '../files/workspace.ts'
import type { Terminal } from './terminal.ts'

/**
 * The folder that a terminal's shell is in, relative to the workspace; of one that has ended, where it began. `null`
 * where that lies outside, or is gone.
 */
export async function folderOf(
  terminal: Pick<Terminal, 'pid' | 'hasEnded' | 'info'>,
  workspace: Pick<Workspace, 'root' | 'contains' | 'resolve'>,
): Promise<string | null> {
  try {
    const { hasEnded, pid } = terminal
    const real = hasEnded ? workspace.resolve(terminal.info().cwd) : await readlink(`/proc/${pid}/cwd`)
    if (!workspace.contains(real) || !(await stat(real)).isDirectory()) return null
    return relative(workspace.root, real)
  } catch {
    return null
  }
}
