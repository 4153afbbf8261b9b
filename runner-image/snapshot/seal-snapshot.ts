import type { ChunkRef, SnapshotEntry } from './entry.ts'
import { sha256 } from './hash.ts'
import { PACK_TARGET_BYTES } from './limits.ts'
import { encodeManifest, totalsOf } from './manifest.ts'
import { PackBuilder } from './pack.ts'
import type { Pack } from './pack.ts'
import { encodeSegment, splitIntoSegments } from './segment.ts'

export interface SealedSnapshot {
  manifest: { sha256: string; bytes: Buffer }
  /** Segments of this snapshot by name: known to the next one. */
  segments: Map<string, ChunkRef>
  files: number
  bytes: number
}

interface SealOptions {
  /** Segments that lie in the store already. */
  known: ReadonlyMap<string, ChunkRef>
  /** Size of every pack that entries and known segments name. */
  packBytes: Map<string, number>
  /** Brings a pack of new segments into the store; the manifest is made after it has returned. */
  store(pack: Pack): Promise<void>
}

/** The last part of a save: from the entries, whose chunks are in the store, to the manifest that names them. */
export async function sealSnapshot(entries: readonly SnapshotEntry[], options: SealOptions): Promise<SealedSnapshot> {
  const names: string[] = []
  const refs = new Map<string, ChunkRef>()
  const packBytes = new Map(options.packBytes)
  let builder = new PackBuilder()

  const flush = async () => {
    const pack = await builder.seal()
    builder = new PackBuilder()
    if (pack === undefined) return
    await options.store(pack)
    packBytes.set(pack.sha256, pack.bytes.length)
    for (const [name, ref] of pack.refs) refs.set(name, ref)
  }

  for (const run of splitIntoSegments(entries)) {
    const bytes = encodeSegment(run)
    const name = sha256(bytes)
    const known = options.known.get(name)
    names.push(name)
    if (known === undefined) builder.add(name, bytes)
    else refs.set(name, known)
    if (builder.rawBytes >= PACK_TARGET_BYTES) await flush()
  }
  await flush()

  const segments = names.map((name) => required(refs.get(name), `segment ${name} has no place`))
  const used = new Set(segments.map((ref) => ref.pack))
  for (const entry of entries) if (entry.type === 'file') for (const chunk of entry.chunks) used.add(chunk.pack)
  const packs = [...used].map((name) => ({
    sha256: name,
    bytes: required(packBytes.get(name), `pack ${name} has no size`),
  }))
  const totals = totalsOf(entries)
  return { manifest: await encodeManifest({ ...totals, packs, segments }), segments: refs, ...totals }
}

function required<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new Error(message)
  return value
}
