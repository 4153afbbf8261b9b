import type { ChunkRef, SnapshotEntry } from '#snapshot/entry.ts'
import { MAX_MANIFEST_BYTES, MAX_PACK_BYTES } from '#snapshot/limits.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import type { Manifest } from '#snapshot/manifest.ts'
import { checkPack, chunkIn, openFrame } from '#snapshot/pack.ts'
import { decodeSegment } from '#snapshot/segment.ts'
import { SnapshotError } from '#snapshot/snapshot-error.ts'
import { checkTree } from '#snapshot/tree-order.ts'
import type { ControlPlane } from '../control-plane-client.ts'

/** A snapshot's entry list, checked: it can be written below two folders without leaving them. */
export interface FetchedSnapshot {
  manifest: Manifest
  entries: SnapshotEntry[]
  segments: Map<string, ChunkRef>
}

/** Fetches and checks the manifest `manifests/<sha256>` and its segments. */
export async function fetchSnapshot(controlPlane: ControlPlane, manifestName: string): Promise<FetchedSnapshot> {
  const name = manifestName.slice(manifestName.indexOf('/') + 1)
  const manifest = await decodeManifest(name, await controlPlane.download(manifestName, MAX_MANIFEST_BYTES))
  await controlPlane.announceDownloads(manifest.packs.map((pack) => `packs/${pack.sha256}`))
  const entries: SnapshotEntry[] = []
  let open: { pack: string; bytes: Buffer } | undefined
  for (const ref of manifest.segments) {
    if (open?.pack !== ref.pack) open = { pack: ref.pack, bytes: await fetchPack(controlPlane, ref.pack) }
    const frame = await openFrame(ref.pack, frameIn(open.bytes, ref))
    for (const entry of decodeSegment(chunkIn(frame, ref))) entries.push(entry)
  }
  checkTree(entries)
  return { manifest, entries, segments: new Map(manifest.segments.map((ref) => [ref.sha256, ref])) }
}

/** A whole pack, its hash and form checked. */
export async function fetchPack(controlPlane: ControlPlane, pack: string): Promise<Buffer> {
  const bytes = await controlPlane.download(`packs/${pack}`, MAX_PACK_BYTES)
  checkPack(pack, bytes)
  return bytes
}

/** The compressed frame that a chunk is in. */
export function frameIn(pack: Buffer, ref: ChunkRef): Buffer {
  if (ref.frameStart + ref.frameBytes > pack.length)
    throw new SnapshotError(`chunk ${ref.sha256} lies beyond the end of pack ${ref.pack}`)
  return pack.subarray(ref.frameStart, ref.frameStart + ref.frameBytes)
}
