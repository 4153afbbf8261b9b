import type { z } from 'zod'
import type { commitRequestSchema } from '#protocol/adoption.ts'
import type { GenerationClaims } from '#protocol/claims.ts'
import { MAX_MANIFEST_BYTES } from '#snapshot/limits.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import type { Manifest } from '#snapshot/manifest.ts'
import { SnapshotError } from '#snapshot/snapshot-error.ts'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { readHead, writeHead } from '#server/workspaces/head.ts'
import type { Head } from '#server/workspaces/head.ts'
import { manifestKey, packKey } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** Packs that are looked for at once. */
const PARALLEL_CHECKS = 16

interface CommitOptions {
  objectStore: ObjectStore
  repl: WorkspaceRef
  claims: GenerationClaims
}

/** The head for a generation that begins to work on it. */
export async function claimHead({
  objectStore,
  repl,
  claims,
}: CommitOptions): Promise<{ head: Head; etag: string } | undefined> {
  const current = await readHead(objectStore, repl.replId)
  if (current === undefined) return undefined
  refuseStale(current.head, claims)
  if (current.head.generation === claims.generation) return current
  // From here on the older generation's commits fail on the etag and on the fence, even one that was already let in.
  const head = { ...current.head, generation: claims.generation }
  return { head, etag: await writeHead(objectStore, head, current.etag) }
}

/**
 * Makes a manifest the head. The manifest and all packs that it names lie in the store (`gone` otherwise). `conflict`:
 * the head is not the one that was expected, or belongs to a newer generation. What this generation has committed
 * already is committed once more with success: the first answer may have been lost.
 */
export async function commitSnapshot(
  request: z.infer<typeof commitRequestSchema>,
  options: CommitOptions,
): Promise<{ head: Head; etag: string }> {
  const { objectStore, repl, claims } = options
  const name = request.manifest.slice('manifests/'.length)
  const current = await readHead(objectStore, repl.replId)
  if (current !== undefined) {
    refuseStale(current.head, claims)
    if (isCommitted(current.head, name, claims)) return current
  }
  if ((current?.etag ?? null) !== request.ifMatch)
    throw new AppError('conflict', 'The workspace has another head than this save follows.')
  const manifest = await readManifest(options, name)
  const known = current === undefined ? undefined : await readManifest(options, current.head.manifest)
  await requirePacks(options, manifest, known)

  const head: Head = {
    ...((repl.name ?? current?.head.name) !== undefined && { name: repl.name ?? current?.head.name }),
    repl: repl.replId,
    owner: repl.ownerId,
    manifest: name,
    generation: claims.generation,
    savedAt: Date.now(),
    files: manifest.files,
    bytes: manifest.bytes,
    reason: request.reason,
  }
  return { head, etag: await replaceHead(options, head, request.ifMatch) }
}

/** A store may have written the head and yet answer with a failure: what lies there afterwards decides. */
async function replaceHead({ objectStore, claims }: CommitOptions, head: Head, etag: string | null): Promise<string> {
  try {
    return await writeHead(objectStore, head, etag)
  } catch (error) {
    const after = await readHead(objectStore, head.repl).catch(() => undefined)
    if (after !== undefined && isCommitted(after.head, head.manifest, claims)) return after.etag
    throw error
  }
}

function isCommitted(head: Head, manifest: string, claims: GenerationClaims): boolean {
  return head.manifest === manifest && head.generation === claims.generation
}

function refuseStale(head: Head, claims: GenerationClaims): void {
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
async function requirePacks(options: CommitOptions, manifest: Manifest, known: Manifest | undefined): Promise<void> {
  const there = new Set(known?.packs.map((pack) => pack.sha256))
  const queue = manifest.packs.filter((pack) => !there.has(pack.sha256)).values()
  const work = async () => {
    for (const pack of queue) {
      const info = await options.objectStore.head(packKey(options.repl.ownerId, pack.sha256))
      if (info?.bytes !== pack.bytes)
        throw new AppError('gone', `The store lacks pack ${pack.sha256} of this snapshot.`)
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_CHECKS }, work))
}
