import type { Root } from '#snapshot/entry.ts'
import type { Directory } from './directory.ts'
import type { FoundEntry } from './draft.ts'
import type { FileIdentity } from './file-identity.ts'
import type { SavedEntry } from './saved-tree.ts'
import { walkFrom } from './walk.ts'

interface Place {
  root: Root
  path: string
}

type Looked = { type: 'file'; identity: FileIdentity | undefined } | { type: 'symlink'; target: string }

/**
 * Files and symlinks as they were when a restore looked, those that would not be lost with it: what is otherwise when it
 * comes to replace them, or not here at all, was written since.
 */
export class Seen {
  readonly #looked = new Map<string, Looked>()

  add({ entry, identity }: SavedEntry | FoundEntry): void {
    if (entry.type === 'file') this.#looked.set(keyOf(entry), { type: 'file', identity })
    else if (entry.type === 'symlink') this.#looked.set(keyOf(entry), { type: 'symlink', target: entry.target })
  }

  /**
   * Whether nothing would be lost with what lies there now. The ctime is not compared: replacing another name of the same
   * file changes it.
   */
  isStill(place: Place, parent: Directory, name: string): boolean {
    const stats = parent.find(name)
    if (stats === undefined || !(stats.isFile() || stats.isSymbolicLink())) return true
    const looked = this.#looked.get(keyOf(place))
    if (looked?.type === 'symlink') return stats.isSymbolicLink() && parent.readlink(name) === looked.target
    const identity = looked?.identity
    return (
      stats.isFile() &&
      identity !== undefined &&
      identity.inode === stats.ino &&
      identity.size === stats.size &&
      identity.mtimeMs === stats.mtimeMs
    )
  }

  /** The same of something and, if it is a folder, of all in it. */
  async isAllStill(place: Place, parent: Directory): Promise<boolean> {
    let isStill = true
    await walkFrom(parent, place, {
      folder: () => undefined,
      unreadable: () => undefined,
      other: (found) => {
        isStill &&= this.isStill(found, found.parent, found.name)
        return undefined
      },
    })
    return isStill
  }
}

function keyOf({ root, path }: Place): string {
  return `${root}/${path}`
}
