import type { ChunkRef, SnapshotEntry } from '#snapshot/entry.ts'
import { MAX_MANIFEST_BYTES } from '#snapshot/limits.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import type { Manifest } from '#snapshot/manifest.ts'
import { decodeSegment } from '#snapshot/segment.ts'
import { TreeCheck } from '#snapshot/tree-order.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { SEGMENTS_AHEAD, SEGMENTS_AHEAD_BYTES } from '../limits.ts'
import { fetchChunks } from './fetch-chunks.ts'

/** A run of a snapshot's entries, as it lies in the store. */
export interface FetchedSegment {
  ref: ChunkRef
  bytes: Buffer
  entries: SnapshotEntry[]
}

/** A snapshot in the store. */
export interface FetchedSnapshot {
  manifest: Manifest
  packBytes: Map<string, number>
}

/** Fetches and checks the manifest `manifests/<sha256>`. */
export async function fetchManifest(controlPlane: ControlPlane, manifestName: string): Promise<FetchedSnapshot> {
  const name = manifestName.slice(manifestName.indexOf('/') + 1)
  const bytes = await controlPlane.download(manifestName, { maxBytes: MAX_MANIFEST_BYTES })
  const manifest = await decodeManifest(name, bytes)
  await controlPlane.announceDownloads(manifest.packs.map((pack) => `packs/${pack.sha256}`))
  return { manifest, packBytes: new Map(manifest.packs.map((pack) => [pack.sha256, pack.bytes])) }
}

/**
 * The segments of a snapshot in order, a few in memory at a time. Their entries are checked: they can be written below
 * two folders without leaving them.
 */
export async function* fetchSegments(
  controlPlane: ControlPlane,
  { manifest, packBytes }: FetchedSnapshot,
): AsyncGenerator<FetchedSegment> {
  const check = new TreeCheck()
  for await (const segment of fetchSome(controlPlane, { segments: manifest.segments, packBytes })) {
    for (const entry of segment.entries) check.take(entry)
    yield segment
  }
}

/** Some segments of a snapshot, to be looked at only: what is not all of a tree cannot be checked as one. */
export async function* fetchSome(
  controlPlane: ControlPlane,
  { segments, packBytes }: { segments: readonly ChunkRef[]; packBytes: ReadonlyMap<string, number> },
): AsyncGenerator<FetchedSegment> {
  for (let at = 0; at < segments.length;) {
    const refs = someFrom(segments, at)
    at += refs.length
    const found = new Map<ChunkRef, Buffer>()
    // Copied: a view would keep the whole frame.
    const onChunk = (ref: ChunkRef, bytes: Buffer) => void found.set(ref, Buffer.from(bytes))
    await fetchChunks(refs, { controlPlane, packBytes, onChunk })
    for (const ref of refs) {
      const bytes = found.get(ref)
      if (bytes === undefined) throw new Error(`segment ${ref.sha256} was not fetched`)
      found.delete(ref)
      yield { ref, bytes, entries: decodeSegment(bytes) }
    }
  }
}

/** At least one, if there is any left. */
function someFrom(segments: readonly ChunkRef[], first: number): ChunkRef[] {
  const some: ChunkRef[] = []
  let bytes = 0
  for (const ref of segments.slice(first, first + SEGMENTS_AHEAD)) {
    bytes += ref.bytes
    if (some.length > 0 && bytes > SEGMENTS_AHEAD_BYTES) break
    some.push(ref)
  }
  return some
}
