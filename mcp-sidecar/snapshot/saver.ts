import type { z } from 'zod'
import type { commitRequestSchema } from '#protocol/adoption.ts'
import type { SaveProgress } from '#protocol/adoption.ts'
import type { SnapshotEntry } from '#snapshot/entry.ts'
import { sealSnapshot } from '#snapshot/seal-snapshot.ts'
import type { SealedSnapshot } from '#snapshot/seal-snapshot.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { PROGRESS_INTERVAL_MS } from '../limits.ts'
import { SidecarError } from '../sidecar-error.ts'
import { chunksOf, emptyIndex, keyOf, writeIndex } from './file-index.ts'
import type { FileIndex } from './file-index.ts'
import { scanVolume } from './scanner.ts'
import type { Scan } from './scanner.ts'
import { Uploader } from './uploader.ts'
import type { StoredChunks } from './uploader.ts'

export type SaveReason = z.infer<typeof commitRequestSchema>['reason']
export type SaveDone = Extract<SaveProgress, { phase: 'done' }>

/** The repl's newest snapshot as the control plane last told it. */
export interface KnownHead {
  manifest: string | null
  etag: string | null
}

interface SaverOptions {
  volumeDir: string
  stateDir: string
  controlPlane: ControlPlane
  index: FileIndex
  /** Absent: asked for at the first save. */
  head?: KnownHead | undefined
}

/** How often a commit is repeated after the head turned out to be another than thought, or packs to be missing. */
const MAX_COMMIT_ATTEMPTS = 3

/**
 * Saves the volume: chunks, then segments, then the manifest, then the head by compare-and-set. A save that ends before
 * the last step has changed nothing that a reader sees. Saves run one after the other.
 */
export class Saver {
  readonly #options: SaverOptions
  #index: FileIndex
  #stored: StoredChunks
  #head: KnownHead | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: SaverOptions) {
    this.#options = options
    this.#index = options.index
    this.#stored = { refs: chunksOf(options.index), packBytes: new Map(options.index.packBytes) }
    this.#head = options.head
  }

  /** Saves what is on the disk when its turn has come. Without any change nothing is committed. */
  save(reason: SaveReason, onProgress: (progress: SaveProgress) => void): Promise<SaveDone> {
    return this.inTurn(() => this.#save(reason, throttled(onProgress)))
  }

  /** Does `work`, which is given what the last save knew, while no save goes on. */
  inTurn<T>(work: (index: FileIndex) => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => work(this.#index))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #save(reason: SaveReason, onProgress: (progress: SaveProgress) => void): Promise<SaveDone> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#saveOnce(reason, onProgress)
      } catch (error) {
        if (!(error instanceof SidecarError) || error.code !== 'gone' || attempt === MAX_COMMIT_ATTEMPTS) throw error
        // The store lost a pack that was thought to lie there: everything is read and sent anew.
        this.#index = emptyIndex()
        this.#stored = { refs: new Map(), packBytes: new Map() }
      }
    }
  }

  async #saveOnce(reason: SaveReason, onProgress: (progress: SaveProgress) => void): Promise<SaveDone> {
    const { controlPlane, volumeDir, stateDir } = this.#options
    const uploader = new Uploader(controlPlane, this.#stored, (doneBytes, totalBytes) =>
      onProgress({ phase: 'uploading', doneBytes, totalBytes }),
    )
    const scan = await scanVolume(volumeDir, {
      index: this.#index,
      takeChunk: (name, bytes) => uploader.add(name, bytes),
      onFile: (files) => onProgress({ phase: 'scanning', files }),
    })
    await uploader.finish()
    const entries = this.#placed(scan)
    const sealed = await sealSnapshot(entries, {
      known: this.#index.segments,
      packBytes: this.#stored.packBytes,
      store: (pack) => uploader.store(pack),
    })
    const isNew = await this.#commit(sealed, reason)
    const index = this.#indexAfter(scan, entries, sealed)
    const isIndexNew = isNew || index.files.size !== this.#index.files.size
    this.#index = index
    this.#stored = { refs: chunksOf(index), packBytes: new Map(index.packBytes) }
    if (isIndexNew) await writeIndex(stateDir, index)
    return {
      phase: 'done',
      snapshot: sealed.manifest.sha256,
      files: sealed.files,
      bytes: sealed.bytes,
      skipped: [
        ...scan.skipped,
        ...(scan.skippedCount > scan.skipped.length ? [`and ${scan.skippedCount - scan.skipped.length} more`] : []),
      ],
    }
  }

  /** Makes the manifest the head; `false` if it is already. */
  async #commit(sealed: SealedSnapshot, reason: SaveReason): Promise<boolean> {
    const { controlPlane } = this.#options
    const manifest = `manifests/${sealed.manifest.sha256}`
    this.#head ??= await controlPlane.head()
    if (this.#head.manifest === manifest) return false
    await controlPlane.upload(manifest, sealed.manifest.bytes)
    for (let attempt = 1; ; attempt += 1) {
      try {
        const request = { manifest, ifMatch: this.#head.etag, files: sealed.files, bytes: sealed.bytes, reason }
        this.#head = { manifest, etag: await controlPlane.commit(request) }
        return true
      } catch (error) {
        if (!(error instanceof SidecarError) || error.code !== 'conflict' || attempt === MAX_COMMIT_ATTEMPTS)
          throw error
        // Another head than thought: an answer was lost, or the control plane moved it. Asking fails if this
        // generation is over, so only the repl's own newest sandbox comes past this.
        this.#head = await controlPlane.head()
      }
    }
  }

  #placed(scan: Scan): SnapshotEntry[] {
    return scan.entries.map((entry) => {
      if (entry.type !== 'file') return entry
      const { identity: _, ...rest } = entry
      const chunks = entry.chunks.map((name) => {
        const ref = this.#stored.refs.get(name)
        if (ref === undefined) throw new Error(`chunk ${name} was not stored`)
        return ref
      })
      return { ...rest, chunks }
    })
  }

  #indexAfter(scan: Scan, entries: SnapshotEntry[], sealed: SealedSnapshot): FileIndex {
    const index = { ...emptyIndex(), segments: sealed.segments }
    const packs = new Set(sealed.segments.values().map((ref) => ref.pack))
    for (const [at, entry] of entries.entries()) {
      const scanned = scan.entries[at]
      if (entry.type !== 'file' || scanned?.type !== 'file') continue
      for (const chunk of entry.chunks) packs.add(chunk.pack)
      if (scanned.identity !== undefined)
        index.files.set(keyOf(entry), { identity: scanned.identity, chunks: entry.chunks })
    }
    for (const pack of packs) {
      const bytes = this.#stored.packBytes.get(pack)
      if (bytes !== undefined) index.packBytes.set(pack, bytes)
    }
    return index
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
