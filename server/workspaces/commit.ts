import type { z } from 'zod'
import type { commitRequestSchema, headResponseSchema } from '#protocol/adoption.ts'
import type { GenerationClaims } from '#protocol/claims.ts'
import { newId } from '#protocol/ids.ts'
import { MAX_MANIFEST_BYTES } from '#snapshot/limits.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import type { Manifest } from '#snapshot/manifest.ts'
import { SnapshotError } from '#snapshot/snapshot-error.ts'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { rescue } from '#server/workspaces/collection.ts'
import { editHead, readHead, writeHead } from '#server/workspaces/head.ts'
import type { Head } from '#server/workspaces/head.ts'
import { DEFAULT_RETENTION, thinned } from '#server/workspaces/history/retention.ts'
import type { Retention } from '#server/workspaces/history/retention.ts'
import { manifestKey, packKey } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** Packs that are looked for at once. */
const PARALLEL_CHECKS = 16

interface CommitOptions {
  objectStore: ObjectStore
  repl: WorkspaceRef
  claims: GenerationClaims
  /** How long snapshots stay in the history. */
  retention?: Retention
}

/**
 * A head as a sandbox knows it. `etag` names snapshot and generation, not the object: the history beside it may change (a name, a
 * snapshot that is forgotten) without ending what a sandbox is about to commit.
 */
interface KnownHead {
  head: Head
  etag: string
}

const known = (head: Head): KnownHead => ({ head, etag: etagOf(head) })

function etagOf({ generation, manifest }: Head): string {
  return `${generation}-${manifest}`
}

/** The head for a generation that begins to work on it, which it takes over: `conflict` where a newer one has. */
export async function claimHead({
  objectStore,
  replId,
  generation,
}: {
  objectStore: ObjectStore
  replId: string
  generation: number
}): Promise<z.infer<typeof headResponseSchema>> {
  const takenOver = (head: Head): Head => {
    refuseStale(head, { generation })
    return head.generation === generation ? head : { ...head, generation }
  }
  const current = await readHead(objectStore, replId)
  if (current === undefined) return { manifest: null, etag: null }
  const isOurs = takenOver(current.head) === current.head
  // From here on the older generation's commits fail on the etag and on the fence, even one that was already let in.
  const head = isOurs ? current.head : await editHead(objectStore, replId, takenOver)
  return { manifest: `manifests/${head.manifest}`, etag: etagOf(head) }
}

/**
 * Makes a manifest the head. The manifest and all packs that it names lie in the store (`gone` otherwise). `conflict`:
 * the head is not the one that was expected, or belongs to a newer generation. What this generation has committed
 * already is committed once more with success: the first answer may have been lost.
 */
export async function commitSnapshot(
  request: z.infer<typeof commitRequestSchema>,
  options: CommitOptions,
): Promise<KnownHead> {
  const { objectStore, repl, claims } = options
  const name = request.manifest.slice('manifests/'.length)
  const current = await readHead(objectStore, repl.replId)
  if (current !== undefined) {
    refuseStale(current.head, claims)
    if (isCommitted(current.head, name, claims)) return known(current.head)
  }
  requireExpected(current?.head, request.ifMatch)
  // First kept from the collector, then looked at: what is there now stays.
  await rescue(objectStore, repl.ownerId, [manifestKey(repl.replId, name)])
  const manifest = await readManifest(options, name)
  const before = current === undefined ? undefined : await readManifest(options, current.head.manifest)
  await requirePacks(options, { manifest, known: before })

  const next = (head: Head | undefined): Head => {
    const savedAt = Date.now()
    const row = { manifest: name, savedAt, files: manifest.files, bytes: manifest.bytes, reason: request.reason }
    const title = repl.name ?? head?.name
    const history = [{ id: newId(), ...row }, ...(head?.history ?? [])]
    return {
      ...(title !== undefined && { name: title }),
      repl: repl.replId,
      owner: repl.ownerId,
      generation: claims.generation,
      ...row,
      history: thinned(history, options.retention ?? DEFAULT_RETENTION, savedAt),
    }
  }
  return known(await replaceHead(options, { name, ifMatch: request.ifMatch, next }))
}

/** A store may have written the head and yet answer with a failure: what lies there afterwards decides. */
async function replaceHead(
  { objectStore, repl, claims }: CommitOptions,
  { name, ifMatch, next }: { name: string; ifMatch: string | null; next: (head: Head | undefined) => Head },
): Promise<Head> {
  try {
    if (ifMatch === null) {
      const first = next(undefined)
      await writeHead(objectStore, first, null)
      return first
    }
    return await editHead(objectStore, repl.replId, (current) => {
      refuseStale(current, claims)
      if (isCommitted(current, name, claims)) return current
      requireExpected(current, ifMatch)
      return next(current)
    })
  } catch (error) {
    const after = await readHead(objectStore, repl.replId).catch(() => undefined)
    if (after !== undefined && isCommitted(after.head, name, claims)) return after.head
    throw error
  }
}

function requireExpected(head: Head | undefined, ifMatch: string | null): void {
  if ((head === undefined ? null : etagOf(head)) !== ifMatch)
    throw new AppError('conflict', 'The workspace has another head than this save follows.')
}

function isCommitted(head: Head, manifest: string, claims: GenerationClaims): boolean {
  return head.manifest === manifest && head.generation === claims.generation
}

function refuseStale(head: Head, claims: Pick<GenerationClaims, 'generation'>): void {
  if (head.generation > claims.generation)
    throw new AppError(
      'conflict',
      `Generation ${claims.generation} of this repl is over: generation ${head.generation} has its workspace.`,
    )
}

async function readManifest({ objectStore, repl }: CommitOptions, name: string): Promise<Manifest> {
  const found = await readObject(objectStore, manifestKey(repl.replId, name), MAX_MANIFEST_BYTES)
  if (found === undefined) throw new AppError('gone', `The store has no manifest ${name} of this repl.`)
  try {
    return await decodeManifest(name, found.bytes)
  } catch (error) {
    if (error instanceof SnapshotError) throw new AppError('bad_request', `${error.message}.`, { cause: error })
    throw error
  }
}

/** Packs of the snapshot before are there: it is a head, and what a head names is not removed. */
async function requirePacks(
  options: CommitOptions,
  { manifest, known }: { manifest: Manifest; known: Manifest | undefined },
): Promise<void> {
  const there = new Set(known?.packs.map((pack) => pack.sha256))
  const added = manifest.packs.filter((pack) => !there.has(pack.sha256))
  const { objectStore, repl } = options
  const keys = added.map((pack) => packKey(repl.ownerId, pack.sha256))
  await rescue(objectStore, repl.ownerId, keys)
  const queue = added.values()
  const work = async () => {
    for (const pack of queue) {
      const info = await objectStore.head(packKey(repl.ownerId, pack.sha256))
      if (info?.bytes !== pack.bytes)
        throw new AppError('gone', `The store lacks pack ${pack.sha256} of this snapshot.`)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_CHECKS }, work))
}
