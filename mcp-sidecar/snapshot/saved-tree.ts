import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import { ROOTS } from '#snapshot/entry.ts'
import type { ChunkRef, Root, SnapshotEntry } from '#snapshot/entry.ts'
import { sha256, sha256Schema } from '#snapshot/hash.ts'
import { decodeSegment } from '#snapshot/segment.ts'
import { compareEntries } from '#snapshot/tree-order.ts'
import { GARBAGE_BYTES } from '../limits.ts'
import { SidecarError } from '../sidecar-error.ts'
import { ChunkTable } from './chunk-table.ts'
import type { FileIdentity } from './file-identity.ts'
import { Garbage } from './garbage.ts'
import { createSlices } from './slice.ts'
import { readStateFile, writeStateFile } from './state-file.ts'

const TREE_FILE = 'tree'
const SEGMENTS_FOLDER = 'segments'

/** About how many times its bytes a segment takes when it is decoded. */
const DECODED_FACTOR = 6

const count = z.int().nonnegative()
const treeSchema = z.object({
  version: z.literal(2),
  packs: z.array(z.tuple([sha256Schema, count])),
  segments: z.array(
    z.object({
      ref: z.object({
        sha256: sha256Schema,
        pack: sha256Schema,
        frameStart: count,
        frameBytes: count,
        offset: count,
        bytes: count,
      }),
      first: z.object({ root: z.enum(ROOTS), path: z.string() }),
      entries: count,
      files: count,
      bytes: count,
      packs: z.array(sha256Schema),
    }),
  ),
})
const identitiesSchema = z.array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.number()]).nullable())

/** A segment of the last snapshot. */
export interface SavedSegment {
  /** Where it lies in the store. */
  ref: ChunkRef
  /** Its first entry. */
  first: Place
  entries: number
  /** Files in it, and their sizes together. */
  files: number
  bytes: number
  /** Packs that its entries name. */
  packs: string[]
}

export interface Place {
  root: Root
  path: string
}

/** An entry as the last save left it: the `at`th of its segment. */
export interface SavedEntry {
  entry: SnapshotEntry
  /** Of a file that need not be read again while this is so. */
  identity: FileIdentity | undefined
  from: SavedSegment
  at: number
}

/** What the last save knew, and where its chunks lie. */
export interface Known {
  tree: SavedTree
  chunks: ChunkTable
}

/**
 * What the last save knew: the entries of its snapshot, and by what a file can be seen to be unchanged. It lies in the
 * state folder, a file per segment, so that saving it costs what changed, and memory holds the list of segments only.
 */
export class SavedTree {
  readonly #folder: string
  readonly #garbage = new Garbage(GARBAGE_BYTES)
  readonly segments: readonly SavedSegment[]

  constructor(stateDir: string, segments: readonly SavedSegment[]) {
    this.#folder = join(stateDir, SEGMENTS_FOLDER)
    this.segments = segments
  }

  /** Entries of a segment. `gone` if their file is missing or damaged: nothing is known then. */
  read(segment: SavedSegment): SavedEntry[] {
    return this.#readOrGone(segment, false)
  }

  /** The same, and `gone` too if they are others than the store has: for who sends them anew without a look at the disk. */
  readSurely(segment: SavedSegment): SavedEntry[] {
    return this.#readOrGone(segment, true)
  }

  #readOrGone(segment: SavedSegment, isChecked: boolean): SavedEntry[] {
    try {
      return this.#read(segment, isChecked)
    } catch (cause) {
      throw new SidecarError('gone', 'What the last save knew is damaged.', { cause })
    }
  }

  #read(segment: SavedSegment, isChecked: boolean): SavedEntry[] {
    const file = readFileSync(join(this.#folder, segment.ref.sha256))
    this.#garbage.add(file.length * DECODED_FACTOR)
    const end = file.indexOf('\n')
    if (isChecked && sha256(file.subarray(end + 1)) !== segment.ref.sha256) throw new Error('not what its name says')
    const identities = identitiesSchema.parse(JSON.parse(file.toString('latin1', 0, end)))
    return decodeSegment(file.subarray(end + 1)).map((entry, at) => {
      const [inode, size, mtimeMs, ctimeMs, readAt] = identities[at] ?? []
      const identity =
        inode === undefined ||
        size === undefined ||
        mtimeMs === undefined ||
        ctimeMs === undefined ||
        readAt === undefined
          ? undefined
          : { inode, size, mtimeMs, ctimeMs, readAt }
      return { entry, identity, from: segment, at }
    })
  }

  /** Number of the segment in whose range a place lies. */
  segmentAt(place: Place): number {
    let [low, high] = [0, this.segments.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      const segment = this.segments[middle]
      if (segment !== undefined && compareEntries(segment.first, place) <= 0) low = middle
      else high = middle
    }
    return low
  }
}

/** Keeps what is known of a segment's entries. `bytes`: the segment itself. */
export function writeSegment(
  stateDir: string,
  { name, bytes }: { name: string; bytes: Buffer },
  identities: readonly (FileIdentity | undefined)[],
): void {
  const rows = identities.map((identity) =>
    identity === undefined
      ? null
      : [identity.inode, identity.size, identity.mtimeMs, identity.ctimeMs, identity.readAt],
  )
  mkdirSync(join(stateDir, SEGMENTS_FOLDER), { recursive: true, mode: 0o700 })
  writeFileSync(
    join(stateDir, SEGMENTS_FOLDER, name),
    Buffer.concat([Buffer.from(`${JSON.stringify(rows)}\n`), bytes]),
    {
      mode: 0o600,
    },
  )
}

/** Keeps the list of segments, and forgets the entries of all others. */
export async function writeTree(
  stateDir: string,
  segments: readonly SavedSegment[],
  packBytes: (pack: string) => number | undefined,
): Promise<SavedTree> {
  const packs = [...packsOf(segments)].map((pack): [string, number] => [pack, packBytes(pack) ?? 0])
  const tree: z.infer<typeof treeSchema> = { version: 2, packs, segments: [...segments] }
  await writeStateFile(stateDir, { name: TREE_FILE, durable: false }, tree)
  const folder = join(stateDir, SEGMENTS_FOLDER)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const kept = new Set(segments.map((segment) => segment.ref.sha256))
  const slice = createSlices()
  for (const name of readdirSync(folder)) {
    if (!kept.has(name)) rmSync(join(folder, name), { force: true })
    await slice()
  }
  return new SavedTree(stateDir, segments)
}

/**
 * Reads what the last save knew, and where the chunks of its snapshot lie. What is missing or damaged is as if it never
 * was: every file is then read again, and nothing is lost.
 */
export async function readTree(stateDir: string): Promise<Known> {
  const parsed = treeSchema.safeParse(readTreeFile(stateDir))
  if (!parsed.success) return emptyTree(stateDir)
  const tree = new SavedTree(stateDir, parsed.data.segments)
  const chunks = new ChunkTable()
  for (const [pack, bytes] of parsed.data.packs) chunks.addPack(pack, bytes)
  try {
    for (const segment of tree.segments)
      for (const { entry } of tree.read(segment))
        if (entry.type === 'file') for (const ref of entry.chunks) chunks.add(ref)
    return { tree, chunks }
  } catch {
    return emptyTree(stateDir)
  }
}

function readTreeFile(stateDir: string): unknown {
  try {
    return readStateFile(stateDir, TREE_FILE)
  } catch {
    return undefined
  }
}

export function emptyTree(stateDir: string): Known {
  return { tree: new SavedTree(stateDir, []), chunks: new ChunkTable() }
}

/** Every pack that a snapshot of these segments needs. */
export function packsOf(segments: readonly SavedSegment[]): Set<string> {
  const packs = new Set<string>()
  for (const segment of segments) {
    packs.add(segment.ref.pack)
    for (const pack of segment.packs) packs.add(pack)
  }
  return packs
}
