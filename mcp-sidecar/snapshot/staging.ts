import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Directory } from './directory.ts'

/** Lies beside the two folders of the volume, where no program of the user reaches. */
const STAGING = '.restoring'

/**
 * Where files come to be before they take their place, on the same file system so that they take it whole; and where
 * what they replace goes. Empty when opened, gone when closed.
 */
export class Staging implements Disposable {
  readonly #volumeDir: string
  readonly #folder: Directory
  readonly #names = new Map<object, string>()
  #count = 0

  private constructor(volumeDir: string) {
    this.#volumeDir = volumeDir
    Staging.clear(volumeDir)
    mkdirSync(join(volumeDir, STAGING), { mode: 0o700 })
    this.#folder = Directory.openAt(join(volumeDir, STAGING))
  }

  static open(volumeDir: string): Staging {
    return new Staging(volumeDir)
  }

  /** Removes what a sidecar that died has left. */
  static clear(volumeDir: string): void {
    rmSync(join(volumeDir, STAGING), { recursive: true, force: true })
  }

  /** Where something comes to be. */
  placeOf(entry: object): { parent: Directory; name: string } {
    const known = this.#names.get(entry)
    if (known !== undefined) return { parent: this.#folder, name: known }
    const name = this.#newName()
    this.#names.set(entry, name)
    return { parent: this.#folder, name }
  }

  /** Puts it where it belongs, in place of the file or symlink that may be there. */
  settle(entry: object, parent: Directory, name: string): void {
    this.#folder.rename(this.placeOf(entry).name, parent, name)
    this.#names.delete(entry)
  }

  /** Takes away what is at a place, whatever it is. */
  take(parent: Directory, name: string): void {
    parent.rename(name, this.#folder, this.#newName())
  }

  [Symbol.dispose](): void {
    this.#folder.empty()
    this.#folder[Symbol.dispose]()
    Staging.clear(this.#volumeDir)
  }

  #newName(): string {
    this.#count += 1
    return String(this.#count)
  }
}
