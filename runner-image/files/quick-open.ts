import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { joinPath } from '#protocol/paths.ts'
import { MAX_INDEX_BYTES, MAX_INDEX_PATHS } from '../limits.ts'
import { askGit } from './git.ts'
import { TEMPORARY_NAME, exists } from './workspace.ts'
import type { Workspace } from './workspace.ts'

interface Index {
  paths: string[]
  truncated: boolean
}

/** Folders that hold nothing anybody would open by name, where git does not say so. */
const SKIPPED_FOLDERS = new Set(['node_modules', '.git', '__pycache__', '.venv', 'venv', 'target', '.next', '.cache'])

/** Paths of all files for quick open. */
export async function indexFiles(workspace: Workspace): Promise<Index> {
  const isRepository = exists(join(workspace.root, '.git'))
  return (isRepository ? await fromGit(workspace) : undefined) ?? fromDisk(workspace)
}

async function fromGit(workspace: Workspace): Promise<Index | undefined> {
  const answer = await askGit({
    folder: workspace.root,
    args: ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'],
    maxBytes: MAX_INDEX_BYTES,
  })
  if (answer === undefined) return undefined
  const paths = answer.split('\0').filter((path) => path !== '')
  const isCutOff = answer !== '' && !answer.endsWith('\0')
  if (isCutOff) paths.pop()
  return { paths: paths.slice(0, MAX_INDEX_PATHS), truncated: isCutOff || paths.length > MAX_INDEX_PATHS }
}

async function fromDisk(workspace: Workspace): Promise<Index> {
  const paths: string[] = []
  const folders = ['']
  let bytes = 0
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    const entries = await readdir(join(workspace.root, folder), { withFileTypes: true }).catch(() => [])
    for (const entry of entries) {
      const path = joinPath(folder, entry.name)
      if (entry.isDirectory()) {
        if (!SKIPPED_FOLDERS.has(entry.name)) folders.push(path)
        continue
      }
      if (TEMPORARY_NAME.test(entry.name)) continue
      bytes += Buffer.byteLength(path)
      if (paths.length >= MAX_INDEX_PATHS || bytes > MAX_INDEX_BYTES) return { paths, truncated: true }
      paths.push(path)
    }
  }
  return { paths, truncated: false }
}
