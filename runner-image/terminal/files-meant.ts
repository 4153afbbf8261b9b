import { stat } from 'node:fs/promises'
import { join, normalize, relative } from 'node:path'
import { isWorkspacePath } from '#protocol/paths.ts'
import type { Workspace } from '../files/workspace.ts'
import { folderOf } from './folder-of.ts'
import type { Terminal } from './terminal.ts'

/** Git writes `a/` and `b/` before the two sides of a change. */
const SIDE_OF_CHANGE = /^[ab]\//

/**
 * The file of the workspace that each of `written` means in a terminal's output, relative to the workspace; `null` for what
 * is none. Programs write from the folder where the shell is, from the one where it began, or from the project's top.
 */
export async function filesMeant(
  terminal: Pick<Terminal, 'pid' | 'hasEnded' | 'info'>,
  workspace: Workspace,
  written: readonly string[],
): Promise<(string | null)[]> {
  const folders = new Set([(await folderOf(terminal, workspace)) ?? '', terminal.info().cwd, ''])
  return Promise.all(written.map(async (path) => meant(path, [...folders], workspace)))
}

async function meant(path: string, folders: readonly string[], workspace: Workspace): Promise<string | null> {
  const spellings = SIDE_OF_CHANGE.test(path) ? [path, path.replace(SIDE_OF_CHANGE, '')] : [path]
  for (const spelling of spellings) {
    for (const folder of spelling.startsWith('/') ? [''] : folders) {
      const absolute = normalize(spelling.startsWith('/') ? spelling : join(workspace.root, folder, spelling))
      if (!workspace.contains(absolute)) continue
      const inside = relative(workspace.root, absolute)
      if (await isFile(inside, workspace)) return inside
    }
  }
  return null
}

async function isFile(path: string, workspace: Workspace): Promise<boolean> {
  if (!isWorkspacePath(path) || path === '') return false
  try {
    return (await stat(workspace.resolve(path))).isFile()
  } catch {
    return false
  }
}
