import { z } from 'zod'
import type { ChunkRef } from './entry.ts'
import { sha256, sha256Schema } from './hash.ts'
import { FRAME_TARGET_BYTES, MAX_FRAME_BYTES } from './limits.ts'
import { SnapshotError } from './snapshot-error.ts'
import { compress, decompress } from './zstd.ts'

/**
 * A pack: magic and version, zstd frames back to back, a zstd-compressed JSON index, and a trailer (`u32` big-endian
 * length of the index, closing magic). Manifests say where each chunk lies, so a reader needs the index only to rebuild
 * what a manifest would say.
 */
const MAGIC = Buffer.from('DEVXPAK\u0001', 'latin1')
const CLOSING_MAGIC = Buffer.from('DXPK', 'latin1')
const TRAILER_BYTES = 4 + CLOSING_MAGIC.length

const indexSchema = z.strictObject({
  frames: z.array(
    z.strictObject({
      start: z.int().nonnegative(),
      bytes: z.int().positive(),
      /** sha-256, offset in the decompressed frame, length. */
      chunks: z.array(z.tuple([sha256Schema, z.int().nonnegative(), z.int().nonnegative()])),
    }),
  ),
})

export interface Pack {
  sha256: string
  bytes: Buffer
  /** Where each chunk of it lies, by the chunk's hash. */
  refs: Map<string, ChunkRef>
}

interface OpenFrame {
  chunks: { sha256: string; offset: number; bytes: number }[]
  /** The content of the chunks, until it is compressed. */
  parts: Uint8Array[]
  rawBytes: number
}

/** Gathers chunks into one pack. Chunks keep the order they came in; frames compress while more are added. */
export class PackBuilder {
  #frame: OpenFrame = { chunks: [], parts: [], rawBytes: 0 }
  #closed: { chunks: OpenFrame['chunks']; compressed: Promise<Buffer> }[] = []
  #names = new Set<string>()
  #rawBytes = 0

  /** Raw bytes so far. */
  get rawBytes(): number {
    return this.#rawBytes
  }

  has(chunk: string): boolean {
    return this.#names.has(chunk)
  }

  /** Adds a chunk under its hash; one that it has already is not added again. `bytes` must not be changed afterwards. */
  add(name: string, bytes: Uint8Array): void {
    if (this.#names.has(name)) return
    if (bytes.length > MAX_FRAME_BYTES) throw new SnapshotError(`a chunk of ${bytes.length} bytes is too large`)
    if (this.#frame.rawBytes + bytes.length > MAX_FRAME_BYTES) this.#closeFrame()
    this.#names.add(name)
    this.#frame.chunks.push({ sha256: name, offset: this.#frame.rawBytes, bytes: bytes.length })
    this.#frame.parts.push(bytes)
    this.#frame.rawBytes += bytes.length
    this.#rawBytes += bytes.length
    if (this.#frame.rawBytes >= FRAME_TARGET_BYTES) this.#closeFrame()
  }

  /** The finished pack, or `undefined` if nothing was added. */
  async seal(): Promise<Pack | undefined> {
    this.#closeFrame()
    if (this.#closed.length === 0) return undefined
    const frames = await Promise.all(this.#closed.map(({ compressed }) => compressed))
    let start = MAGIC.length
    const index = this.#closed.map(({ chunks }, position) => {
      const bytes = frames[position]?.length ?? 0
      const row = {
        start,
        bytes,
        chunks: chunks.map((chunk) => [chunk.sha256, chunk.offset, chunk.bytes]),
      }
      start += bytes
      return row
    })
    const compressedIndex = await compress(Buffer.from(JSON.stringify({ frames: index })))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(compressedIndex.length)
    const bytes = Buffer.concat([MAGIC, ...frames, compressedIndex, length, CLOSING_MAGIC])
    return { sha256: sha256(bytes), bytes, refs: refsOf(sha256(bytes), indexSchema.parse({ frames: index })) }
  }

  #closeFrame(): void {
    const frame = this.#frame
    if (frame.chunks.length === 0) return
    const compressed = compress(Buffer.concat(frame.parts))
    // Awaited in seal(): a pack that is given up before must not end the process.
    compressed.catch(() => undefined)
    this.#closed.push({ chunks: frame.chunks, compressed })
    this.#frame = { chunks: [], parts: [], rawBytes: 0 }
  }
}

/** Throws unless `bytes` are a pack of this version and hash to `name`. */
export function checkPack(name: string, bytes: Uint8Array): void {
  if (sha256(bytes) !== name) throw new SnapshotError(`pack ${name} does not hold what its name says`)
  const magic = Buffer.from(bytes.subarray(0, MAGIC.length))
  if (magic.equals(MAGIC)) return
  if (magic.subarray(0, -1).equals(MAGIC.subarray(0, -1)))
    throw new SnapshotError(`pack ${name} has format version ${magic.at(-1)}; this program reads version 1`)
  throw new SnapshotError(`pack ${name} is not a pack`)
}

/** The decompressed frame at a chunk's place; `frame` is that range of the pack. */
export function openFrame(pack: string, frame: Uint8Array): Promise<Buffer> {
  return decompress(frame, { maxBytes: MAX_FRAME_BYTES, what: `a frame of pack ${pack}` })
}

/** The chunk in its decompressed frame, its hash checked. A view, not a copy. */
export function chunkIn(frame: Buffer, ref: ChunkRef): Buffer {
  const chunk = frame.subarray(ref.offset, ref.offset + ref.bytes)
  if (chunk.length !== ref.bytes || sha256(chunk) !== ref.sha256)
    throw new SnapshotError(`chunk ${ref.sha256} in pack ${ref.pack} does not hold what its name says`)
  return chunk
}

/** Where everything in a whole pack lies, from the pack's own index. */
export async function readPackIndex(name: string, bytes: Buffer): Promise<Map<string, ChunkRef>> {
  checkPack(name, bytes)
  const end = bytes.length - TRAILER_BYTES
  if (end < MAGIC.length || !bytes.subarray(end + 4).equals(CLOSING_MAGIC))
    throw new SnapshotError(`pack ${name} is cut short`)
  const length = bytes.readUInt32BE(end)
  if (length > end - MAGIC.length) throw new SnapshotError(`pack ${name} has a damaged index`)
  const raw = await decompress(bytes.subarray(end - length, end), {
    maxBytes: MAX_FRAME_BYTES,
    what: `the index of pack ${name}`,
  })
  const index = indexSchema.safeParse(JSON.parse(raw.toString('utf8')))
  if (!index.success) throw new SnapshotError(`pack ${name} has a damaged index`, { cause: index.error })
  return refsOf(name, index.data)
}

function refsOf(pack: string, index: z.infer<typeof indexSchema>): Map<string, ChunkRef> {
  return new Map(
    index.frames.flatMap((frame) =>
      frame.chunks.map(([name, offset, bytes]) => [
        name,
        { sha256: name, pack, frameStart: frame.start, frameBytes: frame.bytes, offset, bytes },
      ]),
    ),
  )
}
