import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { opaqueIdSchema, replIdSchema } from '#protocol/ids.ts'
import { roleSchema } from '#protocol/roles.ts'
import { fromRecord } from '#server/repls/json.ts'
import { SECRET_BYTES } from '#server/repls/limits.ts'
import { pages } from '#server/repls/store.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

/** A link: `share:<repl>:<share>`. It is the only record that a right comes from: without it, its grants are nothing. */
export const shareSchema = z.object({
  format: z.literal(1),
  id: opaqueIdSchema,
  replId: replIdSchema,
  role: roleSchema.exclude(['owner']),
  tokenHash: z.string(),
  createdAt: z.number(),
  expiresAt: z.number().exactOptional(),
  allowSignedOut: z.boolean(),
})
export type Share = z.output<typeof shareSchema>

/** Where a token leads: `share-token:<sha-256>`. */
export const shareTokenSchema = z.object({ replId: replIdSchema, shareId: opaqueIdSchema })

/** Somebody who opened a link while signed in: `share-person:<repl>:<share>:<person>`. Older ones may be of guests. */
export const sharePersonSchema = z.object({
  kind: z.enum(['user', 'guest']),
  id: opaqueIdSchema,
  name: z.string(),
  /** The owner took back what the link gave them: it opens nothing for them any more. */
  isOut: z.literal(true).exactOptional(),
})
export type SharePerson = z.output<typeof sharePersonSchema>

/** A guest's cookie: `guest:<sha-256>`. */
const guestSchema = z.object({ id: opaqueIdSchema, name: z.string() })

export const shareKeys = {
  share: (replId: string, shareId: string) => `share:${replId}:${shareId}`,
  sharesOf: (replId: string) => `share:${replId}:`,
  allShares: 'share:',
  token: (hash: string) => `share-token:${hash}`,
  person: (share: Pick<Share, 'replId' | 'id'>, personId: string) =>
    `share-person:${share.replId}:${share.id}:${personId}`,
  peopleOf: (share: Pick<Share, 'replId' | 'id'>) => `share-person:${share.replId}:${share.id}:`,
  /** A grant, found by the person: `shared-with:<person>:<repl>:<share>`. */
  grant: (personId: string, share: Pick<Share, 'replId' | 'id'>) =>
    `shared-with:${personId}:${share.replId}:${share.id}`,
  grantsOf: (personId: string) => `shared-with:${personId}:`,
  grantsIn: (personId: string, replId: string) => `shared-with:${personId}:${replId}:`,
  guest: (hash: string) => `guest:${hash}`,
}

/** Whose this cookie is, whether or not a link of theirs is good still. */
export async function guestOf(
  stateStore: StateStore,
  cookieValue: string,
): Promise<z.output<typeof guestSchema> | undefined> {
  const record = await stateStore.get(shareKeys.guest(hashSecret(cookieValue)))
  return record === undefined ? undefined : fromRecord(guestSchema, record)
}

/** 256 random bits, safe in a URL and a cookie. */
export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url')
}

/** How a secret is stored. It has enough entropy that a plain hash cannot be turned round. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}

/** Whether a link still counts. */
export function isLive(share: Share, now: number): boolean {
  return share.expiresAt === undefined || now < share.expiresAt
}

/** The live links that somebody came through, of one repl or of all. */
export async function liveSharesOf(
  stateStore: StateStore,
  { personId, replId, now }: { personId: string; replId?: string; now: number },
): Promise<Share[]> {
  const prefix = replId === undefined ? shareKeys.grantsOf(personId) : shareKeys.grantsIn(personId, replId)
  const shares: Share[] = []
  for await (const page of pages(stateStore, prefix)) {
    const keys = page.map(({ key }) => {
      const [repl = '', share = ''] = key.split(':').slice(-2)
      return shareKeys.share(repl, share)
    })
    const records = await stateStore.getMany(keys)
    shares.push(...records.flatMap((record) => (record === undefined ? [] : [fromRecord(shareSchema, record)])))
  }
  return shares.filter((share) => isLive(share, now))
}
