import type { BigIntStats } from 'node:fs'
import { z } from 'zod'
import type { ChunkRef, Root } from '#snapshot/entry.ts'
import { sha256Schema } from '#snapshot/hash.ts'
import { RACY_WINDOW_MS } from '../limits.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

const INDEX_FILE = 'index'
const nanoseconds = z.string().regex(/^-?\d+$/)
const count = z.int().nonnegative()
const refSchema = z.tuple([sha256Schema, sha256Schema, count, count, count, count])

const indexSchema = z.object({
  version: z.literal(1),
  /** Size of each pack that is named below. */
  packs: z.array(z.tuple([sha256Schema, count])),
  segments: z.array(refSchema),
  /** Key, inode, size, mtime, ctime, when it was read (ms), chunks. */
  files: z.array(
    z.tuple([z.string(), z.string(), z.string(), nanoseconds, nanoseconds, z.number(), z.array(refSchema)]),
  ),
})

/** What lets a save see that a file is as it was when its chunks were made. A program cannot set the ctime. */
export interface FileIdentity {
  inode: bigint
  size: bigint
  mtimeNs: bigint
  ctimeNs: bigint
  /** Milliseconds since the epoch. */
  readAt: number
}

export interface IndexedFile {
  identity: FileIdentity
  chunks: ChunkRef[]
}

/** What the last save knew: which chunks make up which file, and what lies in the store. */
export interface FileIndex {
  files: Map<string, IndexedFile>
  segments: Map<string, ChunkRef>
  packBytes: Map<string, number>
}

export function emptyIndex(): FileIndex {
  return { files: new Map(), segments: new Map(), packBytes: new Map() }
}

export function keyOf(entry: { root: Root; path: string }): string {
  return `${entry.root}/${entry.path}`
}

export function identityOf(stats: BigIntStats, readAt: number): FileIdentity {
  return { inode: stats.ino, size: stats.size, mtimeNs: stats.mtimeNs, ctimeNs: stats.ctimeNs, readAt }
}

/** Whether the file that `stats` describe is surely the one that was read. */
export function isUnchanged(known: FileIdentity, stats: BigIntStats): boolean {
  return (
    known.inode === stats.ino &&
    known.size === stats.size &&
    known.mtimeNs === stats.mtimeNs &&
    known.ctimeNs === stats.ctimeNs &&
    Number(stats.ctimeNs / 1_000_000n) + RACY_WINDOW_MS < known.readAt
  )
}

/** Everything that can be reused of chunks: by their names. */
export function chunksOf(index: FileIndex): Map<string, ChunkRef> {
  const chunks = new Map<string, ChunkRef>()
  for (const file of index.files.values()) for (const ref of file.chunks) chunks.set(ref.sha256, ref)
  return chunks
}

/** Reads the index. One that is missing or damaged is empty: every file is then read again, and nothing is lost. */
export async function readIndex(stateDir: string): Promise<FileIndex> {
  const parsed = indexSchema.safeParse(await readStateFile(stateDir, INDEX_FILE).catch(() => undefined))
  if (!parsed.success) return emptyIndex()
  const { packs, segments, files } = parsed.data
  return {
    packBytes: new Map(packs),
    segments: new Map(segments.map((row) => [row[0], refOf(row)])),
    files: new Map(
      files.map(([key, inode, size, mtimeNs, ctimeNs, readAt, chunks]) => [
        key,
        {
          identity: {
            inode: BigInt(inode),
            size: BigInt(size),
            mtimeNs: BigInt(mtimeNs),
            ctimeNs: BigInt(ctimeNs),
            readAt,
          },
          chunks: chunks.map(refOf),
        },
      ]),
    ),
  }
}

export async function writeIndex(stateDir: string, index: FileIndex): Promise<void> {
  const rows: z.infer<typeof indexSchema> = {
    version: 1,
    packs: [...index.packBytes],
    segments: [...index.segments.values()].map(rowOf),
    files: [...index.files].map(([key, { identity, chunks }]) => [
      key,
      String(identity.inode),
      String(identity.size),
      String(identity.mtimeNs),
      String(identity.ctimeNs),
      identity.readAt,
      chunks.map(rowOf),
    ]),
  }
  await writeStateFile(stateDir, { name: INDEX_FILE, durable: false }, rows)
}

function rowOf(ref: ChunkRef): z.infer<typeof refSchema> {
  return [ref.sha256, ref.pack, ref.frameStart, ref.frameBytes, ref.offset, ref.bytes]
}

function refOf([sha256, pack, frameStart, frameBytes, offset, bytes]: z.infer<typeof refSchema>): ChunkRef {
  return { sha256, pack, frameStart, frameBytes, offset, bytes }
}
