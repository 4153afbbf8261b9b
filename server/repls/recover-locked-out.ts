import { z } from 'zod'
import { newId, opaqueIdSchema } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { fromRecord, toJson } from '#server/repls/json.ts'
import { pages } from '#server/repls/store.ts'
import type { StateStore, StoredRecord, Write } from '#server/state-store/state-store.ts'

const USERS = 'user:'
const IDENTITIES = 'identity:'

const userSchema = z.looseObject({
  format: z.literal(1),
  name: z.string(),
  provider: z.string(),
  login: z.string().optional(),
})
const identitySchema = z.looseObject({ format: z.literal(1), userId: z.string() })

/** Somebody who cannot sign in any more, since recovering once made them the owner of an id that is none. */
export interface LockedOut {
  /** As which nobody can have signed in, nor own anything. */
  id: string
  name: string
  provider: string
  login?: string | undefined
}

/** Everybody whom a mistyped owner has locked out: recovering refuses such by now. */
export async function findLockedOut(stateStore: StateStore): Promise<LockedOut[]> {
  const found: LockedOut[] = []
  for await (const page of pages(stateStore, USERS))
    for (const record of page) {
      const id = record.key.slice(USERS.length)
      if (!opaqueIdSchema.safeParse(id).success) found.push({ ...fromRecord(userSchema, record), id })
    }
  return found
}

/** Gives somebody who was locked out an id of their own, as if they had just signed in for the first time; that id. */
export async function letInAgain(stateStore: StateStore, { id }: LockedOut): Promise<string> {
  const user = await stateStore.get(USERS + id)
  // Another run was faster.
  if (user === undefined) throw new AppError('conflict', `Nobody is ${id} any more.`, { advice: 'Try again.' })
  const freshId = newId()
  const writes: Write[] = [
    { kind: 'put', key: USERS + freshId, value: withFields(user, { id: freshId }), expected: 'absent' },
    { kind: 'delete', key: user.key, expected: { version: user.version } },
  ]
  for await (const page of pages(stateStore, IDENTITIES))
    for (const record of page) {
      if (fromRecord(identitySchema, record).userId !== id) continue
      const value = withFields(record, { userId: freshId })
      writes.push({ kind: 'put', key: record.key, value, expected: { version: record.version } })
    }
  await stateStore.transact(writes)
  return freshId
}

function withFields({ value }: StoredRecord, fields: Record<string, string>) {
  return toJson({ ...z.looseObject({}).parse(value), ...fields })
}
