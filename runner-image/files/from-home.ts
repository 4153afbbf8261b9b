import { homedir } from 'node:os'
import { join } from 'node:path'

/** A path with `~` for HOME, as shells take it, written out; a folder that is called so is `./~`. */
export function fromHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path
}
