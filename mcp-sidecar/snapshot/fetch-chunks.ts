import { BufferPool } from '#snapshot/buffer-pool.ts'
import type { ChunkRef } from '#snapshot/entry.ts'
import { MAX_FRAME_BYTES, MAX_PACK_BYTES } from '#snapshot/limits.ts'
import { checkPackFormat, chunkIn, openFrame } from '#snapshot/pack.ts'
import { SnapshotError } from '#snapshot/snapshot-error.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { MAX_TRANSFERS, RESTORE_GARBAGE_BYTES, WHOLE_PACK_SHARE } from '../limits.ts'
import { SidecarError } from '../sidecar-error.ts'
import { Garbage } from './garbage.ts'

/** Of the process: what one fetch leaves, the next one adds to. */
const garbage = new Garbage(RESTORE_GARBAGE_BYTES)

interface FetchOptions {
  controlPlane: ControlPlane
  /** Size of each pack. */
  packBytes: ReadonlyMap<string, number>
  /** Called with each chunk, checked, in any order; `bytes` are good until what it returns has resolved. */
  onChunk: (ref: ChunkRef, bytes: Buffer) => Promise<void> | undefined
  /** A pack is damaged or not there, and not all that was wanted of it was given. Absent: that ends everything. */
  onUnreadable?: ((pack: string, error: unknown) => void) | undefined
}

/**
 * Fetches chunks: pack by pack, a few at a time, so that memory holds only those. Of a pack of which little is wanted
 * only the frames are fetched in which that lies.
 */
export async function fetchChunks(refs: Iterable<ChunkRef>, options: FetchOptions): Promise<void> {
  const packs = groupByPack(refs).entries()
  const failures: unknown[] = []
  const pool = new BufferPool()
  const work = async () => {
    for (const [pack, frames] of packs) {
      if (failures.length > 0) return
      try {
        garbage.add(await fetchPack(pack, [...frames.values()], { ...options, pool }))
      } catch (error) {
        if (options.onUnreadable === undefined || !isLoss(error)) throw error
        options.onUnreadable(pack, error)
      }
    }
  }
  // All of them end before this does: nobody may go on writing into a volume that is emptied for another attempt.
  await Promise.all(Array.from({ length: MAX_TRANSFERS }, () => work().catch((error) => failures.push(error))))
  if (failures.length > 0) throw failures[0]
}

/** Whether the store has no longer what was put there, which no other attempt changes. */
function isLoss(error: unknown): boolean {
  return error instanceof SnapshotError || (error instanceof SidecarError && error.code === 'not_found')
}

/** Bytes of what it leaves to the garbage collector. */
async function fetchPack(
  pack: string,
  frames: ChunkRef[][],
  options: FetchOptions & { pool: BufferPool },
): Promise<number> {
  const { controlPlane, packBytes, onChunk, pool } = options
  const wanted = frames.reduce((sum, [ref]) => sum + (ref?.frameBytes ?? 0), 0)
  const isWhole = wanted >= (packBytes.get(pack) ?? 0) * WHOLE_PACK_SHARE
  const allocate = (bytes: number) => pool.take(bytes)
  const whole = isWhole
    ? await controlPlane.download(`packs/${pack}`, { maxBytes: MAX_PACK_BYTES, allocate })
    : undefined
  if (whole !== undefined) checkPackFormat(pack, whole)
  // What the network gave in parts; without a buffer of the pool, also what they were put together in.
  let used = whole?.length ?? 2 * wanted
  for (const chunks of frames) {
    const [first] = chunks
    if (first === undefined) continue
    const compressed = whole === undefined ? await downloadFrame(first, options) : frameIn(whole, first)
    const frame = await openFrame(pack, compressed)
    for (const ref of chunks) {
      const taken = onChunk(ref, chunkIn(frame, ref))
      if (taken !== undefined) await taken
    }
    used += release(frame)
  }
  if (whole !== undefined) pool.give(whole)
  return used
}

/** Frees a frame's memory: the bytes of it that cannot be. A small one may lie in memory that it shares with others. */
function release(frame: Buffer): number {
  const { buffer } = frame
  if (buffer.byteLength <= Buffer.poolSize || !(buffer instanceof ArrayBuffer)) return frame.length
  buffer.transfer(0)
  return 0
}

async function downloadFrame({ pack, frameStart, frameBytes }: ChunkRef, { controlPlane }: FetchOptions) {
  if (frameBytes > MAX_FRAME_BYTES * 2) throw new SnapshotError(`a frame of pack ${pack} is too large`)
  const range = { first: frameStart, last: frameStart + frameBytes - 1 }
  return controlPlane.download(`packs/${pack}`, { maxBytes: frameBytes, range })
}

function frameIn(pack: Buffer, ref: ChunkRef): Buffer {
  if (ref.frameStart + ref.frameBytes > pack.length)
    throw new SnapshotError(`chunk ${ref.sha256} lies beyond the end of pack ${ref.pack}`)
  return pack.subarray(ref.frameStart, ref.frameStart + ref.frameBytes)
}

/** Pack → frame → chunks, in the order in which they are first wanted. */
function groupByPack(refs: Iterable<ChunkRef>): Map<string, Map<number, ChunkRef[]>> {
  const packs = new Map<string, Map<number, ChunkRef[]>>()
  for (const ref of refs) {
    const frames = packs.get(ref.pack) ?? new Map<number, ChunkRef[]>()
    packs.set(ref.pack, frames)
    const chunks = frames.get(ref.frameStart)
    if (chunks === undefined) frames.set(ref.frameStart, [ref])
    else chunks.push(ref)
  }
  return packs
}
