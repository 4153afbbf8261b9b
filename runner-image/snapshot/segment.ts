import * as z from 'zod'
import { fromWireName, toWireName, wireNameSchema } from './byte-string.ts'
import { ROOTS } from './entry.ts'
import type { ChunkRef, SnapshotEntry } from './entry.ts'
import { sha256Schema } from './hash.ts'
import { SEGMENT_MAX_CHUNKS, SEGMENT_MAX_ENTRIES, SEGMENT_MIN_ENTRIES } from './limits.ts'
import { SnapshotError } from './snapshot-error.ts'

/**
 * A segment: a run of the entry list as JSON, stored like any other chunk. It names its own packs, so its bytes (and
 * thereby its name) stay the same while its entries do, and a save writes only the segments that changed.
 */
const position = z.int().nonnegative()
/** sha-256, number of the pack in `packs`, start and length of the frame in the pack, offset and length in the frame. */
const chunkSchema = z.tuple([sha256Schema, position, position, z.int().positive(), position, position])
const base = {
  root: z.enum(ROOTS),
  path: wireNameSchema,
  mode: z.int().min(0).max(0o7777),
  mtime: z.int(),
}
const entrySchema = z.discriminatedUnion('type', [
  z.strictObject({ ...base, type: z.literal('file'), size: position, chunks: z.array(chunkSchema) }),
  z.strictObject({ ...base, type: z.literal('directory') }),
  z.strictObject({ ...base, type: z.literal('symlink'), target: wireNameSchema }),
])
const segmentSchema = z.strictObject({ packs: z.array(sha256Schema), entries: z.array(entrySchema) })
type WireEntry = z.infer<typeof entrySchema>

/** Bytes of a segment. The same entries always give the same bytes. */
export function encodeSegment(entries: readonly SnapshotEntry[]): Buffer {
  const packs = new Map<string, number>()
  const numberOf = (pack: string) => {
    const known = packs.get(pack)
    if (known !== undefined) return known
    packs.set(pack, packs.size)
    return packs.size - 1
  }
  const wire = entries.map((entry) => toWire(entry, numberOf))
  return Buffer.from(JSON.stringify({ packs: [...packs.keys()], entries: wire }))
}

/** The entries of a segment; `SnapshotError` if it is not one. */
export function decodeSegment(bytes: Buffer): SnapshotEntry[] {
  const parsed = segmentSchema.safeParse(parseJson(bytes))
  if (!parsed.success) throw new SnapshotError('a segment is malformed', { cause: parsed.error })
  const { packs, entries } = parsed.data
  return entries.map((entry) => fromWire(entry, packs))
}

/**
 * Says where the entry list is cut: where the paths themselves say so, so that an insertion moves no boundary but its
 * own. Segments end at hashes that come about once in 256 paths.
 */
export class SegmentCutter {
  #entries = 0
  #chunks = 0

  /** Whether a segment could begin here. */
  get isAtStart(): boolean {
    return this.#entries === 0
  }

  /** Takes the next entry; `true`: its segment ends with it. */
  isEnd(path: string, chunks: number): boolean {
    this.#entries += 1
    this.#chunks += chunks
    const isBoundary = this.#entries >= SEGMENT_MIN_ENTRIES && (hashOf(path) & 255) === 0
    if (!isBoundary && this.#entries < SEGMENT_MAX_ENTRIES && this.#chunks < SEGMENT_MAX_CHUNKS) return false
    this.#entries = 0
    this.#chunks = 0
    return true
  }
}

/** The entry list, cut. */
export function* splitIntoSegments(entries: readonly SnapshotEntry[]): Generator<readonly SnapshotEntry[]> {
  const cutter = new SegmentCutter()
  let start = 0
  for (const [at, entry] of entries.entries()) {
    if (!cutter.isEnd(entry.path, entry.type === 'file' ? entry.chunks.length : 0)) continue
    yield entries.slice(start, at + 1)
    start = at + 1
  }
  if (start < entries.length) yield entries.slice(start)
}

/** FNV-1a, 32 bits. */
function hashOf(byteString: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < byteString.length; at += 1) hash = Math.imul(hash ^ byteString.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

function toWire(entry: SnapshotEntry, numberOf: (pack: string) => number): WireEntry {
  const base = { root: entry.root, path: toWireName(entry.path), mode: entry.mode, mtime: entry.mtime }
  switch (entry.type) {
    case 'file': {
      const chunks = entry.chunks.map((ref): z.infer<typeof chunkSchema> => [
        ref.sha256,
        numberOf(ref.pack),
        ref.frameStart,
        ref.frameBytes,
        ref.offset,
        ref.bytes,
      ])
      return { ...base, type: 'file', size: entry.size, chunks }
    }
    case 'directory':
      return { ...base, type: 'directory' }
    case 'symlink':
      return { ...base, type: 'symlink', target: toWireName(entry.target) }
  }
}

function fromWire(entry: WireEntry, packs: string[]): SnapshotEntry {
  const base = { root: entry.root, path: fromWireName(entry.path), mode: entry.mode, mtime: entry.mtime }
  switch (entry.type) {
    case 'file': {
      const chunks = entry.chunks.map((chunk) => refOf(chunk, packs))
      if (chunks.reduce((sum, chunk) => sum + chunk.bytes, 0) !== entry.size)
        throw new SnapshotError('the chunks of a file do not add up to its size')
      return { ...base, type: 'file', size: entry.size, chunks }
    }
    case 'directory':
      return { ...base, type: 'directory' }
    case 'symlink':
      return { ...base, type: 'symlink', target: fromWireName(entry.target) }
  }
}

function refOf(
  [name, pack, frameStart, frameBytes, offset, bytes]: z.infer<typeof chunkSchema>,
  packs: string[],
): ChunkRef {
  const packName = packs[pack]
  if (packName === undefined) throw new SnapshotError('a chunk names a pack that its segment does not list')
  return { sha256: name, pack: packName, frameStart, frameBytes, offset, bytes }
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new SnapshotError('a segment is not JSON', { cause: error })
  }
}
