import * as z from 'zod'
import type { ChunkRef, SnapshotEntry } from './entry.ts'
import { sha256, sha256Schema } from './hash.ts'
import { MAX_MANIFEST_RAW_BYTES } from './limits.ts'
import { SnapshotError } from './snapshot-error.ts'
import { compress, decompress } from './zstd.ts'

/** The version that this program writes, and the newest that it reads. */
export const MANIFEST_VERSION = 1
const FORMAT = 'devex-manifest'

const count = z.int().nonnegative()
const versionSchema = z.looseObject({ format: z.literal(FORMAT), version: z.int() })
const manifestSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(MANIFEST_VERSION),
  /** Files in the snapshot, and their sizes together. */
  files: count,
  bytes: count,
  /** Every pack that the snapshot needs, those of its segments included, with its size; by name. */
  packs: z.array(z.strictObject({ sha256: sha256Schema, bytes: z.int().positive() })),
  /** Where the runs of the entry list lie, in order. */
  segments: z.array(
    z.strictObject({
      sha256: sha256Schema,
      pack: sha256Schema,
      frameStart: count,
      frameBytes: z.int().positive(),
      offset: count,
      bytes: count,
    }),
  ),
})

/** What a snapshot is: where its entry list lies, and every pack that it needs. It says nothing of when or why. */
export interface Manifest {
  files: number
  bytes: number
  packs: { sha256: string; bytes: number }[]
  segments: ChunkRef[]
}

/** The compressed manifest and its name. The same content always gives the same name. */
export async function encodeManifest(manifest: Manifest): Promise<{ sha256: string; bytes: Buffer }> {
  const { files, bytes, packs, segments } = manifest
  const sorted = packs.toSorted((a, b) => (a.sha256 < b.sha256 ? -1 : 1))
  const json = JSON.stringify({ format: FORMAT, version: MANIFEST_VERSION, files, bytes, packs: sorted, segments })
  const compressed = await compress(Buffer.from(json))
  return { sha256: sha256(compressed), bytes: compressed }
}

/** The manifest called `name`; `SnapshotError` if it is another, damaged, or of a newer version (which is named). */
export async function decodeManifest(name: string, bytes: Uint8Array): Promise<Manifest> {
  if (sha256(bytes) !== name) throw new SnapshotError(`manifest ${name} does not hold what its name says`)
  const raw = await decompress(bytes, { maxBytes: MAX_MANIFEST_RAW_BYTES, what: `manifest ${name}` })
  const json = parseJson(name, raw)
  const version = versionSchema.safeParse(json)
  if (!version.success) throw new SnapshotError(`${name} is not a manifest`, { cause: version.error })
  if (version.data.version > MANIFEST_VERSION)
    throw new SnapshotError(
      `manifest ${name} has format version ${version.data.version}; this program reads up to ${MANIFEST_VERSION}`,
    )
  const manifest = manifestSchema.safeParse(json)
  if (!manifest.success) throw new SnapshotError(`manifest ${name} is malformed`, { cause: manifest.error })
  return manifest.data
}

/** How many files the entries hold, and their sizes together. */
export function totalsOf(entries: readonly SnapshotEntry[]): { files: number; bytes: number } {
  const files = entries.filter((entry) => entry.type === 'file')
  return { files: files.length, bytes: files.reduce((sum, entry) => sum + entry.size, 0) }
}

function parseJson(name: string, raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'))
  } catch (error) {
    throw new SnapshotError(`manifest ${name} is not JSON`, { cause: error })
  }
}
