import { z } from 'zod'
import { sha256Schema } from '#snapshot/hash.ts'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { headKey, ownedKey } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'

/** The version that this program writes. Version 1 had no history; it is read as one snapshot. */
export const HEAD_VERSION = 2
/** A head with `MAX_HISTORY` snapshots, each with the longest name, is well below it. None longer is read, or written. */
const MAX_HEAD_BYTES = 16 * 1024 * 1024
/** Attempts at a change that meets another one: each loser has seen somebody else win. */
const MAX_ATTEMPTS = 20

/** Why a snapshot was taken. `before-…` are taken by us, so that what comes next can be undone. */
export const REASONS = [
  'seed',
  'auto',
  'save',
  'stop',
  'checkpoint',
  'before-restore',
  'before-agent',
  'restore',
  'import',
  'fork',
] as const
export type Reason = (typeof REASONS)[number]

const snapshotSchema = z.object({
  /** sha-256 of the manifest. */
  manifest: sha256Schema,
  savedAt: z.number(),
  files: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  reason: z.enum(REASONS),
})

/** One state of the workspace that can be gone back to. */
const historyRowSchema = snapshotSchema.extend({
  id: z.string(),
  /** What somebody called it. A named one is kept until it is removed. */
  name: z.string().exactOptional(),
  /** Who took it, for people to read. */
  actor: z.string().exactOptional(),
  /** Since when it is forgotten: it can be recalled for a while, and is then gone. */
  forgottenAt: z.number().exactOptional(),
})
export type HistoryRow = z.infer<typeof historyRowSchema>

/**
 * `repls/<id>/head.json`: which snapshot is the repl's newest, those before it that are kept, and all that is needed to
 * know whose it is when nothing but the object store is left. One object, so that a commit and its place in the history
 * are one write.
 */
const headSchema = snapshotSchema.extend({
  format: z.literal('devex-head'),
  version: z.int(),
  repl: z.string(),
  owner: z.string(),
  /** The repl's name when this was written, for people who look for it in the store. */
  name: z.string().exactOptional(),
  /** The newest generation that has taken the head over; an older one may not write it. */
  generation: z.int().nonnegative(),
  /** Newest first; the first one is the head itself. */
  history: z.array(historyRowSchema).default([]),
})
export type Head = Omit<z.infer<typeof headSchema>, 'format' | 'version'>
/** Without a history it is one of this snapshot. */
type NewHead = Omit<Head, 'history'> & { history?: HistoryRow[] }

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
  return { head: { ...head, history: withNewest(head) }, etag: found.etag }
}

/**
 * Replaces the head that has `etag`, or makes the first one (`null`) with its owner's mark; `conflict` if another lies
 * there.
 */
export async function writeHead(objectStore: ObjectStore, head: NewHead, etag: string | null): Promise<string> {
  if (etag === null) await markOwned(objectStore, head)
  return await putHead(objectStore, head, etag === null ? { ifAbsent: true } : { ifMatch: etag })
}

/** Its owner's mark, which is set before a repl's first head is put: the collector must never overlook a repl. */
export async function markOwned(
  objectStore: ObjectStore,
  { owner, repl }: Pick<Head, 'owner' | 'repl'>,
): Promise<void> {
  await objectStore.put(ownedKey(owner, repl), Buffer.from('{}'))
}

/** The head alone, whose mark is there already. */
export async function putHead(
  objectStore: ObjectStore,
  head: NewHead,
  condition: { ifAbsent: true } | { ifMatch: string },
): Promise<string> {
  const history = withNewest({ ...head, history: head.history ?? [] })
  const body = Buffer.from(`${JSON.stringify({ format: 'devex-head', version: HEAD_VERSION, ...head, history })}\n`)
  if (body.length > MAX_HEAD_BYTES)
    throw new AppError('quota_exceeded', 'The history of this REPL is too long to be written.', {
      advice: 'Remove checkpoints that you named and no longer need.',
    })
  const written = await objectStore.put(headKey(head.repl), body, condition)
  return written.etag
}

/**
 * Changes the head that lies there, again where somebody else was quicker. `change` may be called several times, throws
 * to refuse, and gives back the same head to leave it. `not_found` where there is none.
 */
export async function editHead(
  objectStore: ObjectStore,
  replId: string,
  change: (head: Head) => Head | Promise<Head>,
): Promise<Head> {
  for (let attempt = 1; ; attempt += 1) {
    const current = await readHead(objectStore, replId)
    if (current === undefined) throw new AppError('not_found', 'This REPL has no snapshot yet.')
    const next = await change(current.head)
    if (next === current.head) return next
    try {
      await writeHead(objectStore, next, current.etag)
      return next
    } catch (error) {
      const isBeaten = error instanceof AppError && error.code === 'conflict'
      if (!isBeaten || attempt === MAX_ATTEMPTS) throw error
    }
  }
}

/** The newest snapshot is always in the history, also of a head written before there was one. */
function withNewest(head: Omit<Head, 'history'> & { history: HistoryRow[] }): HistoryRow[] {
  const { manifest, savedAt, files, bytes, reason } = head
  if (head.history[0]?.manifest === manifest) return head.history
  return [{ id: `${savedAt}-${manifest.slice(0, 12)}`, manifest, savedAt, files, bytes, reason }, ...head.history]
}
