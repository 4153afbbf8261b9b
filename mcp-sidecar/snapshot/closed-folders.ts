import { lstatSync } from 'node:fs'
import type { BigIntStats } from 'node:fs'
import { bytesOf, displayName } from '#snapshot/byte-string.ts'
import type { Root } from '#snapshot/entry.ts'
import { MAX_CLOSED_FOLDERS } from '../limits.ts'
import { isGone } from './walk.ts'

/** A folder that was closed to its owner and opened for a look, as that left it. */
export interface LeftFolder {
  root: Root
  path: string
  stats: BigIntStats
}

/**
 * Folders that are closed to their owner, as the last looks left them. To open and close one is noticed as a change of it,
 * and a look at that change would be the next such: so each is known again by its times.
 */
export class ClosedFolders {
  /** With a slash. */
  readonly #volume: Buffer
  /** By path relative to the volume, a byte string. */
  #left = new Map<string, BigIntStats>()

  constructor(volumeDir: string) {
    this.#volume = Buffer.from(`${volumeDir}/`)
  }

  /** Takes note of what a look left, which is all there is if it looked at everything. */
  remember(left: readonly LeftFolder[], look: 'everything' | 'changes' | 'nothing'): void {
    if (look === 'everything') this.#left.clear()
    for (const { root, path, stats } of left) {
      const key = path === '' ? root : `${root}/${path}`
      if (this.#left.has(key) || this.#left.size < MAX_CLOSED_FOLDERS) this.#left.set(key, stats)
    }
  }

  /** Hints (paths relative to the volume, as text) without those that only say that a look was here. */
  withoutTraces(hints: ReadonlySet<string>): ReadonlySet<string> {
    const changed = new Set(hints)
    const seen = new Map<string, boolean>()
    for (const path of this.#left.keys()) {
      // Of names that are not UTF-8, several may be one text.
      const text = displayName(path)
      if (hints.has(text)) seen.set(text, seen.get(text) !== false && this.#isAsLeft(path))
    }
    for (const [text, isAsLeft] of seen) if (isAsLeft) changed.delete(text)
    return changed
  }

  /** One behind others that are closed too cannot be looked at, nor come by while those stay as they were left. */
  #isAsLeft(path: string): boolean {
    try {
      const left = this.#left.get(path)
      const now = lstatSync(Buffer.concat([this.#volume, bytesOf(path)]), { bigint: true, throwIfNoEntry: false })
      return left !== undefined && now !== undefined && isSame(left, now)
    } catch (error) {
      const cut = path.lastIndexOf('/')
      return !isGone(error) && cut !== -1 && this.#isAsLeft(path.slice(0, cut))
    }
  }
}

function isSame(a: BigIntStats, b: BigIntStats): boolean {
  return a.ino === b.ino && a.mode === b.mode && a.ctimeNs === b.ctimeNs && a.mtimeNs === b.mtimeNs
}
