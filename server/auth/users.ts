import { z } from 'zod'
import { newId, opaqueIdSchema } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import type { StateStore, StoredRecord, Write } from '#server/state-store/state-store.ts'

const userSchema = z.object({
  format: z.literal(1),
  id: opaqueIdSchema,
  name: z.string(),
  provider: z.enum(['github', 'local']),
  login: z.string().optional(),
  avatarUrl: z.url().optional(),
  isAdmin: z.boolean(),
  createdAt: z.number(),
})
export type User = z.output<typeof userSchema>

const identitySchema = z.object({ format: z.literal(1), userId: opaqueIdSchema })

/** Somebody as a provider knows them. `accountId` is the provider's own stable id, never a name or an e-mail address. */
export interface Identity {
  provider: User['provider']
  accountId: string
  name: string
  login?: string
  avatarUrl?: string
  isAdmin: boolean
}

/** The people of this installation. Ids are opaque and never derived from a login or an address. */
export interface Users {
  get(userId: string): Promise<User | undefined>
  /** The user, and what lies at `keys`, in one read: it is made for every request. */
  getWith(userId: string, keys: string[]): Promise<{ user: User | undefined; records: (StoredRecord | undefined)[] }>
  /** The user behind an identity, made at the first sign-in; name and picture follow the provider. */
  signIn(identity: Identity): Promise<User>
  /**
   * Makes the user also who they were before the state store was lost: `userId` is forgotten, and whoever signs in as
   * that account is `formerId` from then on. `conflict` if somebody else is, `bad_request` if that is no id.
   */
  becomeAgain(userId: string, formerId: string): Promise<User>
  /** Everybody's, a page of the store at a time. */
  ids(): AsyncIterable<string>
}

/** Users kept in `store`, under `user:<id>` and `identity:<provider>:<account id>`. */
export function createUsers(store: StateStore): Users {
  const getWith = async (userId: string, keys: string[]) => {
    if (!opaqueIdSchema.safeParse(userId).success) return { user: undefined, records: [] }
    const [record, ...records] = await store.getMany([userKey(userId), ...keys])
    return { user: record === undefined ? undefined : userSchema.parse(record.value), records }
  }
  const get = async (userId: string) => (await getWith(userId, [])).user

  const known = async (identity: Identity) => {
    const record = await store.get(identityKey(identity))
    return record === undefined ? undefined : await get(identitySchema.parse(record.value).userId)
  }

  const refresh = async (user: User, identity: Identity) => {
    const next = describe(identity, { id: user.id, createdAt: user.createdAt })
    if (JSON.stringify(next) !== JSON.stringify(user)) await store.put(userKey(user.id), next, { expected: 'any' })
    return next
  }

  const create = async (identity: Identity) => {
    const user = describe(identity, { id: newId(), createdAt: Date.now() })
    const writes: Write[] = [
      { kind: 'put', key: userKey(user.id), value: user, expected: 'absent' },
      { kind: 'put', key: identityKey(identity), value: { format: 1, userId: user.id }, expected: 'absent' },
    ]
    await store.transact(writes)
    return user
  }

  return {
    get,
    getWith,
    becomeAgain: async (userId, formerId) => {
      // Under what is no id nobody could sign in again.
      if (!opaqueIdSchema.safeParse(formerId).success)
        throw new AppError('bad_request', `${JSON.stringify(formerId.slice(0, 60))} is no id of a user.`)
      if (userId === formerId) return requireUser(await get(userId))
      const user = { ...requireUser(await get(userId)), id: formerId }
      const identities = await identitiesOf(store, userId)
      await store.transact([
        { kind: 'put', key: userKey(formerId), value: user, expected: 'absent' },
        { kind: 'delete', key: userKey(userId), expected: 'any' },
        ...identities.map((key): Write => ({
          kind: 'put',
          key,
          value: { format: 1, userId: formerId },
          expected: 'any',
        })),
      ])
      return user
    },
    ids: async function* () {
      let cursor: string | undefined
      do {
        const page = await store.list(userKey(''), cursor === undefined ? {} : { cursor })
        for (const { key } of page.records) yield key.slice(userKey('').length)
        cursor = page.cursor
      } while (cursor !== undefined)
    },
    signIn: async (identity) => {
      const user = await known(identity)
      if (user !== undefined) return await refresh(user, identity)
      try {
        return await create(identity)
      } catch (error) {
        // Two first sign-ins at once: the other one made the user.
        const other = error instanceof AppError && error.code === 'conflict' ? await known(identity) : undefined
        if (other === undefined) throw error
        return other
      }
    },
  }
}

function requireUser(user: User | undefined): User {
  if (user === undefined) throw new AppError('not_found', 'There is no such user.')
  return user
}

async function identitiesOf(store: StateStore, userId: string): Promise<string[]> {
  const keys: string[] = []
  let cursor: string | undefined
  do {
    const page = await store.list('identity:', cursor === undefined ? {} : { cursor })
    for (const { key, value } of page.records) if (identitySchema.parse(value).userId === userId) keys.push(key)
    cursor = page.cursor
  } while (cursor !== undefined)
  return keys
}

function describe(identity: Identity, { id, createdAt }: Pick<User, 'id' | 'createdAt'>): User {
  return {
    format: 1,
    id,
    name: identity.name,
    provider: identity.provider,
    ...(identity.login !== undefined && { login: identity.login }),
    ...(identity.avatarUrl !== undefined && { avatarUrl: identity.avatarUrl }),
    isAdmin: identity.isAdmin,
    createdAt,
  }
}

function userKey(id: string): string {
  return `user:${id}`
}

function identityKey({ provider, accountId }: Identity): string {
  return `identity:${provider}:${accountId}`
}
