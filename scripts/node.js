// Plain JavaScript: runs on whatever Node the machine has, before anything is installed.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..')

const MAJOR = 24

/** The Node that the project brings (an optional dependency), or this machine's own if it is new enough. */
export function findNode() {
  const brought = join(ROOT, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(brought)) return brought
  if (Number(process.versions.node.split('.')[0]) >= MAJOR) return process.execPath
  throw new Error(
    `Node ${MAJOR} is needed and npm has no build of it for ${process.platform}-${process.arch}. Install Node ${MAJOR} or newer (this is ${process.version}) and run the command again.`,
  )
}
