import type { SaveProgress } from '#protocol/adoption.ts'
import { MAPPED_WRITE_WINDOW_MS, MAX_CLOSED_FOLDERS, PROGRESS_INTERVAL_MS } from '../limits.ts'
import { SidecarError } from '../sidecar-error.ts'
import { ClosedFolders } from './closed-folders.ts'
import type { LeftFolder } from './closed-folders.ts'
import { Draft } from './draft.ts'
import type { SealedDraft } from './draft.ts'
import { HeadWriter } from './head-writer.ts'
import type { KnownHead, SaveReason } from './head-writer.ts'
import { PackMerger } from './pack-merger.ts'
import type { PackMergerOptions } from './pack-merger.ts'
import { applyPatches, lookAtHints } from './patches.ts'
import type { TakeChunk } from './read-file.ts'
import { emptyTree, packsOf, readTree, writeTree } from './saved-tree.ts'
import type { Known } from './saved-tree.ts'
import { Scanner } from './scanner.ts'
import { Uploader } from './uploader.ts'
import { walkVolume } from './walk.ts'

export type SaveDone = Extract<SaveProgress, { phase: 'done' }>

interface SaveRequest {
  reason: SaveReason
  onProgress: (progress: SaveProgress) => void
  look: Look
}

/** Where to a look puts what it finds. */
interface Onto {
  draft: Draft
  takeChunk: TakeChunk
  onClosedAgain(left: LeftFolder): void
}

interface SaverOptions extends PackMergerOptions {
  volumeDir: string
  /** Absent: asked for at the first save. */
  head?: KnownHead | undefined
}

/**
 * What a save looks at: everything, or what is said to have changed (paths relative to the volume). `thoroughly`:
 * everything, and what may have changed without a sign is read again. `everythingIf`: everything, if something of that did
 * change, and nothing if it only says that an earlier save was here.
 */
export type Look = 'everything' | 'thoroughly' | ReadonlySet<string> | { everythingIf: ReadonlySet<string> }

/** What a save did look at. */
export type Looked = 'everything' | 'changes' | 'nothing'

/** How often a save is repeated after packs turned out to be missing. */
const MAX_SAVE_ATTEMPTS = 3

/**
 * Saves the volume: chunks, then segments, then the manifest, then the head by compare-and-set. A save that ends before
 * the last step has changed nothing that a reader sees. Saves run one after the other.
 */
export class Saver {
  readonly #options: SaverOptions
  #known: Known | undefined
  /** Whether this process has seen everything once: before that, nobody can say what changed. */
  #hasLooked = false
  readonly #closed: ClosedFolders
  readonly #head: HeadWriter
  readonly #merger: PackMerger
  /** A pack was found to be damaged or gone since this was last asked. */
  #hasLostPack = false
  #merging: AbortController | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: SaverOptions) {
    this.#options = options
    this.#closed = new ClosedFolders(options.volumeDir)
    this.#head = new HeadWriter(options.controlPlane, options.head)
    this.#merger = new PackMerger({
      ...options,
      onUnreadable: (pack, error) => {
        this.#hasLostPack = true
        options.onUnreadable?.(pack, error)
      },
    })
  }

  /** Saves what is on the disk when its turn has come. Without any change nothing is committed. */
  save(
    reason: SaveReason,
    onProgress: (progress: SaveProgress) => void,
    look: Look = 'thoroughly',
  ): Promise<SaveDone & { look: Looked }> {
    return this.inTurn(() => this.#save({ reason, onProgress: throttled(onProgress), look }))
  }

  /**
   * Merges small packs of what was saved last, if it has too many: a bounded part of them, in a commit of its own. Whoever
   * asks for a turn meanwhile, or aborts `signal`, ends it soon, and everything is as it was.
   */
  async mergePacks(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    const merging = new AbortController()
    const end = () => merging.abort()
    signal.addEventListener('abort', end)
    const turn = this.inTurn((known) => this.#merge(known, merging.signal))
    // Not sooner: it would be ended by its own turn.
    this.#merging = merging
    try {
      await turn
    } catch (error) {
      if (!merging.signal.aborted) throw error
    } finally {
      signal.removeEventListener('abort', end)
    }
  }

  /** Does `work`, which is given what the last save knew, while no save goes on. */
  inTurn<T>(work: (known: Known) => Promise<T>): Promise<T> {
    this.#merging?.abort()
    const turn = this.#last.then(async () => work((this.#known ??= await readTree(this.#options.stateDir))))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #save(request: SaveRequest): Promise<SaveDone & { look: Looked }> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#saveOnce(request)
      } catch (error) {
        if (!(error instanceof SidecarError) || error.code !== 'gone' || attempt === MAX_SAVE_ATTEMPTS) throw error
        // The store lost a pack that was thought to lie there: everything is read and sent anew.
        this.#forget()
      }
    }
  }

  async #merge(known: Known, signal: AbortSignal): Promise<void> {
    try {
      const commit = async (merged: SealedDraft) => {
        await this.#head.commit(merged, 'auto')
        await this.#remember(merged)
      }
      await this.#merger.merge(known, { signal, commit })
    } catch (error) {
      if (error instanceof SidecarError && error.code === 'gone') this.#forget()
      throw error
    } finally {
      this.#healLoss()
    }
  }

  /** What lay in a pack that is lost lies here still: the next save reads and sends everything anew. */
  #healLoss(): void {
    if (this.#hasLostPack) this.#forget()
    this.#hasLostPack = false
  }

  #forget(): void {
    this.#known = emptyTree(this.#options.stateDir)
    this.#hasLooked = false
  }

  async #saveOnce({ reason, onProgress, look }: SaveRequest): Promise<SaveDone & { look: Looked }> {
    const { controlPlane, stateDir } = this.#options
    const { tree, chunks } = (this.#known ??= await readTree(stateDir))
    await using uploader = new Uploader({
      controlPlane,
      chunks,
      onBytes: (doneBytes, totalBytes) => onProgress({ phase: 'uploading', doneBytes, totalBytes }),
    })
    const draft = new Draft({ stateDir, tree, chunks, uploader })
    const left: LeftFolder[] = []
    const onto: Onto = {
      draft,
      takeChunk: (name, bytes) => uploader.add(name, bytes),
      onClosedAgain: (folder) => void (left.length < MAX_CLOSED_FOLDERS && left.push(folder)),
    }
    const changed = this.#changedOf(look)
    const looked =
      (changed === undefined ? undefined : await this.#lookAt(changed, onto)) ??
      (await this.#lookAtEverything(onto, { onProgress, isThorough: look === 'thoroughly' }))
    const sealed = await this.#merger.fit(await draft.seal(), { chunks })
    await this.#head.commit(sealed, reason)
    await this.#remember(sealed)
    // Not sooner: a save that fails is repeated with the same hints, which must lead it to the same folders.
    this.#closed.remember(left, looked.look)
    const { files, bytes, manifest } = sealed
    return { phase: 'done', snapshot: manifest.sha256, files, bytes, ...looked }
  }

  /** What is to be looked at; `undefined`: everything. */
  #changedOf(look: Look): ReadonlySet<string> | undefined {
    if (typeof look === 'string' || !this.#hasLooked) return undefined
    if (!('everythingIf' in look)) return this.#closed.withoutTraces(look)
    const changed = this.#closed.withoutTraces(look.everythingIf)
    return changed.size === 0 ? changed : undefined
  }

  async #lookAtEverything(
    { draft, ...onto }: Onto,
    { onProgress, isThorough }: { onProgress: (progress: SaveProgress) => void; isThorough: boolean },
  ): Promise<{ look: 'everything'; skipped: string[]; unsaved: string[] }> {
    const { tree } = this.#known ?? emptyTree(this.#options.stateDir)
    const scanner = new Scanner({
      tree,
      ...onto,
      ...(isThorough && { windowMs: MAPPED_WRITE_WINDOW_MS }),
      onEntry: (entry) => draft.push(entry),
      onFile: (files) => onProgress({ phase: 'scanning', files }),
    })
    await walkVolume(this.#options.volumeDir, scanner)
    this.#hasLooked = true
    return { look: 'everything', skipped: scanner.skipped, unsaved: scanner.unsaved }
  }

  /** `undefined`: it is not enough to look at that. */
  async #lookAt(
    hints: ReadonlySet<string>,
    { draft, ...onto }: Onto,
  ): Promise<{ look: 'changes' | 'nothing'; skipped: string[] } | undefined> {
    const { tree } = this.#known ?? emptyTree(this.#options.stateDir)
    const patches = await lookAtHints(hints, { volumeDir: this.#options.volumeDir, tree, ...onto })
    if (patches === undefined) return undefined
    await applyPatches(tree, patches, draft)
    return { look: hints.size === 0 ? 'nothing' : 'changes', skipped: [] }
  }

  /** Keeps what the next save can use of this one. */
  async #remember({ segments }: SealedDraft): Promise<void> {
    const { tree, chunks } = this.#known ?? emptyTree(this.#options.stateDir)
    const isSame = segments.length === tree.segments.length && segments.every((each, at) => each === tree.segments[at])
    if (isSame) return
    chunks.keepOnly(packsOf(segments))
    this.#known = { chunks, tree: await writeTree(this.#options.stateDir, segments, (pack) => chunks.packBytes(pack)) }
  }
}

/** Counters are passed on from time to time only. */
function throttled(onProgress: (progress: SaveProgress) => void): (progress: SaveProgress) => void {
  let lastAt = 0
  return (progress) => {
    const now = performance.now()
    if (now - lastAt < PROGRESS_INTERVAL_MS) return
    lastAt = now
    onProgress(progress)
  }
}
