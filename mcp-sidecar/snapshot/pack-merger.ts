import { MAX_MANIFEST_BYTES } from '#snapshot/limits.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { LOOK_AGAIN_PACKS, MAX_SMALL_PACKS, MERGED_PACKS, MERGE_TARGET_MS, MIN_MERGED_PACKS } from '../limits.ts'
import type { SealedDraft } from './draft.ts'
import { mergePacks } from './merge-packs.ts'
import type { MergeOptions } from './merge-packs.ts'
import { SavedTree, packsOf } from './saved-tree.ts'
import type { Known } from './saved-tree.ts'
import { firstToMerge, packUses, smallPacks } from './small-packs.ts'

export interface PackMergerOptions {
  stateDir: string
  controlPlane: ControlPlane
  /** A pack that a snapshot needs is damaged or not there. Told once of each. */
  onUnreadable?: MergeOptions['onUnreadable'] | undefined
  /** What the largest manifest may have, if not `MAX_MANIFEST_BYTES`. */
  maxManifestBytes?: number | undefined
  /** Milliseconds since whenever, if not by the clock. */
  now?: (() => number) | undefined
}

interface MergeCall {
  /** Ends it, until `commit` is called. */
  signal: AbortSignal
  commit: (merged: SealedDraft) => Promise<void>
}

/**
 * Keeps the packs of a snapshot few. Every save adds one or two, and those of which anything is needed stay: without this
 * each file that is written once would be a request at every start, and the manifest would outgrow what can be read.
 */
export class PackMerger {
  readonly #options: PackMergerOptions
  /** With no more packs than this, it is not worth a look how many of them are small: that reads the whole entry list. */
  #enough = MAX_SMALL_PACKS
  /** How many packs the next merge takes. */
  #atOnce = MERGED_PACKS
  readonly #unreadable = new Set<string>()

  constructor(options: PackMergerOptions) {
    this.#options = options
  }

  /** Merges some of a snapshot's small packs, if they are too many. `commit` is given the same snapshot without them. */
  async merge(known: Known, { signal, commit }: MergeCall): Promise<void> {
    const count = packsOf(known.tree.segments).size
    this.#enough = Math.min(this.#enough, count + MAX_SMALL_PACKS)
    if (count <= this.#enough) return
    const { from, small } = await this.#lookAt(known.tree, signal)
    // Should it come to nothing, it is tried again once there is more to gain.
    const later = count + MERGED_PACKS
    this.#enough = count - small + MAX_SMALL_PACKS
    if (small <= MAX_SMALL_PACKS) {
      this.#enough = Math.max(this.#enough, count + LOOK_AGAIN_PACKS)
      return
    }
    try {
      const merged = await this.#merge(known, { from, signal })
      signal.throwIfAborted()
      await commit(merged)
      if (packsOf(merged.segments).size >= count) this.#enough = later
    } catch (error) {
      // A commit that failed too: after each minute without changes as much would be sent again, for nothing.
      if (!signal.aborted) this.#enough = later
      throw error
    }
  }

  /** A snapshot that is not committed yet, with as many packs merged as its manifest needs to be taken. */
  async fit(sealed: SealedDraft, { chunks }: Pick<Known, 'chunks'>): Promise<SealedDraft> {
    const { stateDir, maxManifestBytes = MAX_MANIFEST_BYTES } = this.#options
    let fitting = sealed
    while (fitting.manifest.bytes.length > maxManifestBytes) {
      const tree = new SavedTree(stateDir, fitting.segments)
      const { from } = await this.#lookAt(tree)
      if (from.size === 0) return fitting
      const merged = await this.#merge({ tree, chunks }, { from })
      if (merged.manifest.bytes.length >= fitting.manifest.bytes.length) return fitting
      fitting = merged
    }
    return fitting
  }

  /** Which packs to merge, and how many are small. */
  async #lookAt(tree: SavedTree, signal?: AbortSignal): Promise<{ from: Set<string>; small: number }> {
    const uses = await packUses(tree, signal)
    for (const pack of this.#unreadable) if (!uses.has(pack)) this.#unreadable.delete(pack)
    const small = smallPacks(uses, this.#unreadable)
    return { from: firstToMerge(small, this.#atOnce), small: small.length }
  }

  async #merge(known: Known, what: { from: Set<string>; signal?: AbortSignal }): Promise<SealedDraft> {
    const { stateDir, controlPlane, onUnreadable, now = () => performance.now() } = this.#options
    const startedAt = now()
    const merged = await mergePacks({
      stateDir,
      controlPlane,
      ...known,
      ...what,
      onUnreadable: (pack, error) => {
        this.#unreadable.add(pack)
        onUnreadable?.(pack, error)
      },
    })
    const isSlow = now() - startedAt > MERGE_TARGET_MS
    this.#atOnce = isSlow ? Math.max(this.#atOnce / 2, MIN_MERGED_PACKS) : Math.min(this.#atOnce * 2, MERGED_PACKS)
    return merged
  }
}
