import type { ChunkRef, SnapshotEntry } from '#snapshot/entry.ts'
import { sha256 } from '#snapshot/hash.ts'
import { encodeManifest } from '#snapshot/manifest.ts'
import { SegmentCutter, encodeSegment } from '#snapshot/segment.ts'
import type { ChunkTable } from './chunk-table.ts'
import type { FileIdentity } from './file-identity.ts'
import { createSlices } from './slice.ts'
import { packsOf, writeSegment } from './saved-tree.ts'
import type { SavedEntry, SavedSegment, SavedTree } from './saved-tree.ts'
import type { Uploader } from './uploader.ts'

/** What a scan found that is not as the last save left it. */
export interface FoundEntry {
  /** Of a file: without its chunks, whose places are known only once they are uploaded. */
  entry: SnapshotEntry
  /** Names of a file's chunks, in order. */
  chunks: readonly string[]
  identity: FileIdentity | undefined
}

export interface DraftOptions {
  stateDir: string
  /** The last snapshot: what is the same in this one is not made again. */
  tree: SavedTree
  chunks: ChunkTable
  uploader: Uploader
}

export interface SealedDraft {
  manifest: { sha256: string; bytes: Buffer }
  segments: SavedSegment[]
  files: number
  bytes: number
}

/** What becomes a segment; its place is not known before it is uploaded. */
type NewSegment = Omit<SavedSegment, 'ref'> & { name: string }

/**
 * A snapshot in the making. Entries come in order; each segment is encoded as soon as the chunks in it have places, so
 * memory holds no more of the list than what is on its way to the store.
 */
export class Draft {
  readonly #options: DraftOptions
  readonly #known: Map<string, SavedSegment>
  readonly #cutter = new SegmentCutter()
  readonly #slice = createSlices()
  #run: (SavedEntry | FoundEntry)[] = []
  /** Runs whose chunks are on their way, oldest first. */
  #waiting: (SavedEntry | FoundEntry)[][] = []
  #segments: (SavedSegment | NewSegment)[] = []

  constructor(options: DraftOptions) {
    this.#options = options
    this.#known = new Map(options.tree.segments.map((segment) => [segment.ref.sha256, segment]))
  }

  /** Whether a segment of the last snapshot could be taken over as a whole now. */
  get isBetweenSegments(): boolean {
    return this.#cutter.isAtStart
  }

  /** Takes a segment over. */
  async keep(segment: SavedSegment): Promise<void> {
    await this.#encodeWaiting()
    if (this.#waiting.length === 0) this.#segments.push(segment)
    else this.#waiting.push(this.#options.tree.read(segment))
  }

  /** What it returns, if anything, is to be awaited before the next one. */
  push(item: SavedEntry | FoundEntry): Promise<void> | undefined {
    this.#run.push(item)
    const { entry } = item
    const chunks = entry.type !== 'file' ? 0 : 'chunks' in item ? item.chunks.length : entry.chunks.length
    if (!this.#cutter.isEnd(entry.path, chunks)) return undefined
    this.#waiting.push(this.#run)
    this.#run = []
    return this.#encodeWaiting()
  }

  /** Brings everything but the manifest into the store. */
  async seal(): Promise<SealedDraft> {
    const { uploader, chunks } = this.#options
    if (this.#run.length > 0) this.#waiting.push(this.#run)
    this.#run = []
    await uploader.finish()
    await this.#encodeWaiting()
    await uploader.finish()
    const segments = this.#segments.map((segment): SavedSegment => {
      if ('ref' in segment) return segment
      const { name, ...described } = segment
      return { ...described, ref: required(chunks.get(name), name) }
    })
    return sealSegments(segments, chunks)
  }

  async #encodeWaiting(): Promise<void> {
    for (let [run] = this.#waiting; run !== undefined && this.#isPlaced(run); [run] = this.#waiting) {
      this.#waiting.shift()
      const [first] = run
      if (first === undefined) continue
      if ('from' in first && isWhole(run, first.from)) this.#segments.push(first.from)
      else await this.#encode(run)
    }
  }

  #isPlaced(run: (SavedEntry | FoundEntry)[]): boolean {
    return run.every((item) => 'from' in item || item.chunks.every((name) => this.#options.chunks.has(name)))
  }

  async #encode(run: (SavedEntry | FoundEntry)[]): Promise<void> {
    const { stateDir, chunks, uploader } = this.#options
    const entries = run.map((item): SnapshotEntry => {
      if ('from' in item || item.entry.type !== 'file') return item.entry
      return { ...item.entry, chunks: item.chunks.map((name) => required(chunks.get(name), name)) }
    })
    await this.#slice()
    const bytes = encodeSegment(entries)
    const name = sha256(bytes)
    writeSegment(
      stateDir,
      { name, bytes },
      run.map((item) => item.identity),
    )
    const known = this.#known.get(name)
    if (known !== undefined) {
      this.#segments.push(known)
      return
    }
    await uploader.add(name, bytes)
    this.#segments.push({ name, ...describeSegment(entries) })
  }
}

/** The snapshot of these segments. They lie in the store, as the packs do that they name. */
export async function sealSegments(segments: SavedSegment[], chunks: ChunkTable): Promise<SealedDraft> {
  const packs = [...packsOf(segments)].map((pack) => ({
    sha256: pack,
    bytes: required(chunks.packBytes(pack), pack),
  }))
  const files = segments.reduce((sum, segment) => sum + segment.files, 0)
  const bytes = segments.reduce((sum, segment) => sum + segment.bytes, 0)
  const manifest = await encodeManifest({ files, bytes, packs, segments: segments.map(({ ref }) => ref) })
  return { manifest, segments, files, bytes }
}

/** Whether a run is a segment of the last snapshot, all of it and nothing else. */
function isWhole(run: (SavedEntry | FoundEntry)[], segment: SavedSegment): boolean {
  return (
    run.length === segment.entries && run.every((item, at) => 'from' in item && item.from === segment && item.at === at)
  )
}

/** What is kept of a segment besides where it lies. */
export function describeSegment(entries: SnapshotEntry[]): Omit<SavedSegment, 'ref'> {
  const [first] = entries
  if (first === undefined) throw new Error('a segment without entries')
  const files = entries.filter((entry) => entry.type === 'file')
  const refs: ChunkRef[] = files.flatMap((file) => file.chunks)
  return {
    first: { root: first.root, path: first.path },
    entries: entries.length,
    files: files.length,
    bytes: files.reduce((sum, file) => sum + file.size, 0),
    packs: [...new Set(refs.map((ref) => ref.pack))],
  }
}

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} was not stored`)
  return value
}
