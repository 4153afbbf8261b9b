import { createHash } from 'node:crypto'
import { errors } from 'oidc-provider'
import type { Adapter, AdapterPayload } from 'oidc-provider'
import { z } from 'zod'
import { REFRESH_LEEWAY_SECONDS, UNUSED_CLIENT_SECONDS, USED_CLIENT_SECONDS } from '#server/auth/oauth/limits.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import { AppError } from '#server/errors.ts'
import type { StateStore, StoredRecord } from '#server/state-store/state-store.ts'

const sealedSchema = z.object({ format: z.literal(1), sealed: z.string(), grantId: z.string().exactOptional() })
const payloadSchema = z.custom<AdapterPayload>((value) => typeof value === 'object' && value !== null)
const consumedSchema = z.object({ consumed: z.number() })
const pointerSchema = z.object({ id: z.string() })

/** What the authorization server remembers: codes, refresh tokens, grants, clients. */
export interface OauthRecords {
  /** For oidc-provider, per kind of record. */
  of(kind: string): Adapter
  /** Ends what was issued under a grant, and the grant. */
  endGrant(grantId: string): Promise<void>
  /** Keeps a registered client as long as one that is in use, from now on. */
  keepClient(clientId: string): Promise<void>
}

/**
 * Records under `oauth:<kind>:<hash>`: ids are often secrets themselves, so they are stored hashed, and what they lead to
 * encrypted.
 */
export function createOauthRecords({ stateStore, box }: { stateStore: StateStore; box: SecretBox }): OauthRecords {
  const read = async (kind: string, id: string) => {
    const record = await stateStore.get(keyOf(kind, id))
    return record === undefined ? undefined : { record, payload: open(box, record) }
  }
  const write = async (kind: string, id: string, { payload, ms, record }: Writing) => {
    const key = keyOf(kind, id)
    const { grantId } = payload
    await stateStore.put(
      key,
      { format: 1, sealed: box.seal(key, JSON.stringify(payload)), ...(grantId !== undefined && { grantId }) },
      {
        expected: record === undefined ? 'any' : { version: record.version },
        ...(ms !== undefined && { ttlMs: Math.max(1, Math.floor(ms)) }),
      },
    )
  }
  const endAllOf = async (kind: string, grantId: string) => {
    const prefix = underGrant(grantId, kind)
    const { records } = await stateStore.list(prefix, { limit: 1000 })
    for (const { key, value } of records) {
      await stateStore.delete(pointerSchema.parse(value).id, 'any')
      await stateStore.delete(key, 'any')
    }
  }

  const of = (kind: string): Adapter => ({
    upsert: async (id, payload, expiresIn) => {
      const seconds = kind === 'Client' ? UNUSED_CLIENT_SECONDS : expiresIn
      const ms = seconds === undefined ? undefined : seconds * 1000
      await write(kind, id, { payload, ms, record: undefined })
      const ttl = ms === undefined ? {} : { ttlMs: Math.max(1, Math.floor(ms)) }
      if (payload.uid !== undefined)
        await stateStore.put(`oauth-uid:${hash(payload.uid)}`, { id }, { expected: 'any', ...ttl })
      if (payload.grantId !== undefined && kind !== 'Interaction' && kind !== 'Session') {
        const at = underGrant(payload.grantId, kind) + hash(id)
        await stateStore.put(at, { id: keyOf(kind, id) }, { expected: 'any', ...ttl })
      }
    },
    find: async (id) => {
      const payload = (await read(kind, id))?.payload
      if (payload === undefined || !isInLeeway(kind, payload)) return payload
      const { consumed: _lately, ...unused } = payload
      return unused
    },
    findByUid: async (uid) => {
      const pointer = await stateStore.get(`oauth-uid:${hash(uid)}`)
      return pointer === undefined ? undefined : (await read(kind, pointerSchema.parse(pointer.value).id))?.payload
    },
    findByUserCode: async () => undefined,
    consume: async (id) => {
      const found = await read(kind, id)
      if (found !== undefined && isInLeeway(kind, found.payload)) return
      if (found === undefined || found.payload.consumed !== undefined) throw new errors.InvalidGrant('already used')
      const now = Math.floor(Date.now() / 1000)
      const ms = found.payload.exp === undefined ? undefined : Math.max(1, found.payload.exp - now) * 1000
      try {
        await write(kind, id, { payload: { ...found.payload, consumed: now }, ms, record: found.record })
      } catch (error) {
        if (!isConflict(error)) throw error
        // Of two who bring the same code or refresh token at once, one is late: to it a code is used up.
        const since = await read(kind, id)
        if (since === undefined || !isInLeeway(kind, since.payload)) throw new errors.InvalidGrant('already used')
      }
    },
    destroy: (id) => stateStore.delete(keyOf(kind, id), 'any'),
    revokeByGrantId: (grantId) => endAllOf(kind, grantId),
  })

  return {
    of,
    endGrant: async (grantId) => {
      await stateStore.delete(keyOf('Grant', grantId), 'any')
      for (const kind of ['RefreshToken', 'AuthorizationCode', 'AccessToken']) await endAllOf(kind, grantId)
    },
    keepClient: async (clientId) => {
      const found = await read('Client', clientId)
      if (found === undefined) return
      try {
        await write('Client', clientId, { ...found, ms: USED_CLIENT_SECONDS * 1000 })
      } catch (error) {
        // Somebody else kept it just now.
        if (!isConflict(error)) throw error
      }
    },
  }
}

interface Writing {
  payload: AdapterPayload
  ms: number | undefined
  record: StoredRecord | undefined
}

/** Used up, but so lately that whoever brings it again gets what the first got. */
function isInLeeway(kind: string, payload: AdapterPayload): boolean {
  const { data } = consumedSchema.safeParse(payload)
  return kind === 'RefreshToken' && data !== undefined && Date.now() / 1000 - data.consumed < REFRESH_LEEWAY_SECONDS
}

function isConflict(error: unknown): boolean {
  return error instanceof AppError && error.code === 'conflict'
}

function open(box: SecretBox, { key, value }: StoredRecord): AdapterPayload {
  return payloadSchema.parse(JSON.parse(box.open(key, sealedSchema.parse(value).sealed)))
}

function keyOf(kind: string, id: string): string {
  return `oauth:${kind}:${hash(id)}`
}

function underGrant(grantId: string, kind: string): string {
  return `oauth-grant:${hash(grantId)}:${kind}:`
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
