import { z } from 'zod'
import { sha256Schema } from '#snapshot/hash.ts'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { headKey } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'

export const HEAD_VERSION = 1
const MAX_HEAD_BYTES = 64 * 1024

/**
 * `repls/<id>/head.json`: which snapshot is the repl's newest, and all that is needed to know whose it is when nothing
 * but the object store is left.
 */
const headSchema = z.object({
  format: z.literal('devex-head'),
  version: z.literal(HEAD_VERSION),
  repl: z.string(),
  owner: z.string(),
  /** The repl's name when this was written, for people who look for it in the store. */
  name: z.string().optional(),
  /** sha-256 of the manifest. */
  manifest: sha256Schema,
  /** The newest generation that has taken the head over; an older one may not write it. */
  generation: z.int().nonnegative(),
  savedAt: z.number(),
  files: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  reason: z.enum(['seed', 'auto', 'save', 'stop']),
})
export type Head = Omit<z.infer<typeof headSchema>, 'format' | 'version'>

/** The head and its etag; `undefined` for a repl that never had one. A newer format is refused by name. */
export async function readHead(
  objectStore: ObjectStore,
  replId: string,
): Promise<{ head: Head; etag: string } | undefined> {
  const key = headKey(replId)
  const found = await readObject(objectStore, key, MAX_HEAD_BYTES)
  if (found === undefined) return undefined
  const json: unknown = JSON.parse(found.bytes.toString('utf8'))
  const version = z.looseObject({ version: z.int() }).safeParse(json)
  if (version.success && version.data.version > HEAD_VERSION)
    throw new AppError('not_supported', `${key} has format version ${version.data.version}.`, {
      advice: `It was written by a newer Devex. This one reads version ${HEAD_VERSION}: update it.`,
    })
  const parsed = headSchema.safeParse(json)
  if (!parsed.success) throw new AppError('internal', `${key} is damaged.`, { cause: parsed.error })
  const { format: _, version: __, ...head } = parsed.data
  return { head, etag: found.etag }
}

/** Replaces the head that has `etag`, or makes the first one (`null`); `conflict` if another lies there. */
export async function writeHead(objectStore: ObjectStore, head: Head, etag: string | null): Promise<string> {
  const body = Buffer.from(`${JSON.stringify({ format: 'devex-head', version: HEAD_VERSION, ...head })}\n`)
  const condition = etag === null ? ({ ifAbsent: true } as const) : { ifMatch: etag }
  const written = await objectStore.put(headKey(head.repl), body, condition)
  return written.etag
}
