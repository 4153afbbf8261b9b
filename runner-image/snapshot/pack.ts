import * as z from 'zod'
import type { ChunkRef } from './entry.ts'
import { sha256, sha256Schema } from './hash.ts'
import { BufferPool } from './buffer-pool.ts'
import { FRAME_TARGET_BYTES, MAX_FRAME_BYTES, PACK_TARGET_BYTES } from './limits.ts'
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

/** What a pack of the size that writers aim at comes to, if nothing in it can be compressed. */
const OUTPUT_BYTES = PACK_TARGET_BYTES + 2 * FRAME_TARGET_BYTES

/** As many as there are threads that could compress them, on most machines. */
const MAX_WAITING_FRAMES = 2

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

interface FrameChunk {
  sha256: string
  offset: number
  bytes: number
}

interface OpenFrame {
  chunks: FrameChunk[]
  /** The content of the chunks, back to back. */
  buffer: Buffer
  bytes: number
}

/** Gathers chunks into one pack. Chunks keep the order they came in; frames compress while more are added. */
export class PackBuilder {
  readonly #pool: BufferPool
  #frame: OpenFrame | undefined
  #closed: { chunks: FrameChunk[]; start: number; bytes: number }[] = []
  #names = new Set<string>()
  #rawBytes = 0
  /** Frames that are being compressed. */
  #waiting = 0
  #output: Buffer = Buffer.alloc(0)
  #outputBytes = 0
  /** Frames are written one after the other, in their order. */
  #written: Promise<void> = Promise.resolve()

  /** `pool`: where its buffers come from; a pack that is of no use any more may be given back to it. */
  constructor(pool: BufferPool = new BufferPool()) {
    this.#pool = pool
  }

  /** Raw bytes so far. */
  get rawBytes(): number {
    return this.#rawBytes
  }

  has(chunk: string): boolean {
    return this.#names.has(chunk)
  }

  /** Adds a copy of a chunk under its hash; one that it has already is not added again. */
  add(name: string, bytes: Uint8Array): void {
    if (this.#names.has(name)) return
    if (bytes.length > MAX_FRAME_BYTES) throw new SnapshotError(`a chunk of ${bytes.length} bytes is too large`)
    if (this.#frame !== undefined && this.#frame.bytes + bytes.length > this.#frame.buffer.length) this.#closeFrame()
    const frame = (this.#frame ??= {
      chunks: [],
      buffer: this.#pool.take(Math.max(FRAME_TARGET_BYTES, bytes.length)),
      bytes: 0,
    })
    frame.buffer.set(bytes, frame.bytes)
    frame.chunks.push({ sha256: name, offset: frame.bytes, bytes: bytes.length })
    frame.bytes += bytes.length
    this.#names.add(name)
    this.#rawBytes += bytes.length
    if (frame.bytes >= FRAME_TARGET_BYTES) this.#closeFrame()
  }

  /** What to wait for before more is added, if much of it waits to be compressed. */
  untilCompressed(): Promise<void> | undefined {
    return this.#waiting >= MAX_WAITING_FRAMES ? this.#written : undefined
  }

  /** The finished pack, or `undefined` if nothing was added. */
  async seal(): Promise<Pack | undefined> {
    this.#closeFrame()
    await this.#written
    if (this.#closed.length === 0) return undefined
    const frames = this.#closed.map(({ chunks, start, bytes }) => ({
      start,
      bytes,
      chunks: chunks.map((chunk): [string, number, number] => [chunk.sha256, chunk.offset, chunk.bytes]),
    }))
    const index = await compress(Buffer.from(JSON.stringify({ frames })))
    const length = Buffer.alloc(4)
    length.writeUInt32BE(index.length)
    for (const part of [index, length, CLOSING_MAGIC]) this.#write(part)
    const bytes = this.#output.subarray(0, this.#outputBytes)
    const name = sha256(bytes)
    return { sha256: name, bytes, refs: refsOf(name, { frames }) }
  }

  #closeFrame(): void {
    const frame = this.#frame
    this.#frame = undefined
    if (frame === undefined) return
    this.#waiting += 1
    const compressed = compress(frame.buffer.subarray(0, frame.bytes))
    this.#written = Promise.all([compressed, this.#written]).then(([bytes]) => {
      this.#waiting -= 1
      this.#pool.give(frame.buffer)
      if (this.#outputBytes === 0) this.#write(MAGIC)
      this.#closed.push({ chunks: frame.chunks, start: this.#outputBytes, bytes: bytes.length })
      this.#write(bytes)
    })
    // Awaited in seal(): a pack that is given up before must not end the process.
    this.#written.catch(() => undefined)
  }

  #write(bytes: Uint8Array): void {
    const needed = this.#outputBytes + bytes.length
    if (needed > this.#output.length) {
      const larger = this.#pool.take(Math.max(OUTPUT_BYTES, 2 ** Math.ceil(Math.log2(needed))))
      larger.set(this.#output.subarray(0, this.#outputBytes))
      if (this.#output.length > 0) this.#pool.give(this.#output)
      this.#output = larger
    }
    this.#output.set(bytes, this.#outputBytes)
    this.#outputBytes = needed
  }
}

/** Throws unless `bytes` are a pack of this version and hash to `name`. */
export function checkPack(name: string, bytes: Uint8Array): void {
  if (sha256(bytes) !== name) throw new SnapshotError(`pack ${name} does not hold what its name says`)
  checkPackFormat(name, bytes)
}

/** Throws unless `bytes` begin as a pack of this version does. For who checks each chunk that is taken from it. */
export function checkPackFormat(name: string, bytes: Uint8Array): void {
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
