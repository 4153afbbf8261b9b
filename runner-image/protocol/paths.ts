import * as z from 'zod'
import { MAX_NAME_BYTES, MAX_PATH_BYTES } from './limits.ts'

/** Where the project lies inside a sandbox. */
export const WORKSPACE_DIR = '/workspace'

/** Where deleted files go, relative to HOME: `<trash>/<deletion id>/<original path>`. */
export const TRASH_DIR = '.local/share/devex/trash'

const encoder = new TextEncoder()

/**
 * A path inside the workspace as it travels: relative, `/`-separated, normalised, no `.` or `..`, no leading or
 * trailing slash; `''` is the workspace itself. Symlinks are the runner's business: it resolves and confines them.
 */
export const workspacePathSchema = z.string().refine(isWorkspacePath, {
  error: 'not a path inside the workspace: write it relative to the workspace, without "..", empty parts or NUL',
})

/** Whether `path` is a well-formed workspace path. */
export function isWorkspacePath(path: string): boolean {
  if (path === '') return true
  if (encoder.encode(path).length > MAX_PATH_BYTES || !path.isWellFormed()) return false
  return path.split('/').every(isName)
}

function isName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    !name.includes('\0') &&
    encoder.encode(name).length <= MAX_NAME_BYTES
  )
}

/** The folder of a path; `''` for what lies at the top. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

/** The last part of a path. */
export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** `folder` and `name` joined. */
export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`
}
