import { join } from 'node:path'
import type { Root } from '#snapshot/entry.ts'
import { Directory } from './directory.ts'

/**
 * Open folders from a root down to the one in use. Entries come in the order of a walk, so moving on opens only what
 * differs; each step goes through the handle above it and follows nothing.
 */
export class FolderStack implements Disposable {
  readonly #volumeDir: string
  #root: Root | undefined
  #open: { name: string; folder: Directory }[] = []

  constructor(volumeDir: string) {
    this.#volumeDir = volumeDir
  }

  /** The folder at a path (byte string; `''` is the root), open until the next call. */
  enter(root: Root, path: string): Directory {
    const names = ['', ...(path === '' ? [] : path.split('/'))]
    if (root !== this.#root) this.#closeBelow(0)
    this.#root = root
    let shared = 0
    while (shared < this.#open.length && this.#open[shared]?.name === names[shared]) shared += 1
    this.#closeBelow(shared)
    for (const name of names.slice(shared)) {
      const above = this.#open.at(-1)?.folder
      const folder = above === undefined ? Directory.openAt(join(this.#volumeDir, root)) : above.open(name)
      this.#open.push({ name, folder })
    }
    const last = this.#open.at(-1)
    if (last === undefined) throw new Error('no folder is open')
    return last.folder
  }

  /** The folder that a path is in, and its name there. */
  enterParent(root: Root, path: string): { parent: Directory; name: string } {
    const cut = path.lastIndexOf('/')
    return { parent: this.enter(root, path.slice(0, Math.max(0, cut))), name: path.slice(cut + 1) }
  }

  /** Changes the mode of a folder that its owner may not enter, a root too. */
  chmod({ root, path }: { root: Root; path: string }, mode: number): void {
    if (path === '') {
      using volume = Directory.openAt(this.#volumeDir)
      volume.chmod(root, mode)
    } else {
      const { parent, name } = this.enterParent(root, path)
      parent.chmod(name, mode)
    }
  }

  [Symbol.dispose](): void {
    this.#closeBelow(0)
  }

  #closeBelow(depth: number): void {
    for (const { folder } of this.#open.splice(depth).reverse()) folder[Symbol.dispose]()
  }
}
