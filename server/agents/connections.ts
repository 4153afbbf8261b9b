import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { newId } from '#protocol/ids.ts'
import { MAX_CONNECTIONS_PER_USER, MAX_TOKEN_LIFE_MS, TOKEN_BYTES, USED_EVERY_MS } from '#server/agents/limits.ts'
import {
  agentsChannel,
  connectionChannel,
  connectionKeys,
  connectionSchema,
  indexKeysOf,
} from '#server/agents/connection-record.ts'
import type { Connection } from '#server/agents/connection-record.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { fromRecord, toJson } from '#server/repls/json.ts'
import { pages } from '#server/repls/store.ts'
import { createThrottle } from '#server/repls/touches.ts'
import type { StateStore, Write } from '#server/state-store/state-store.ts'

/** Begins every token of ours, so that scanners of leaked secrets find them. */
const PREFIX = 'devex_pat_'
const TOKEN = /^devex_pat_([a-z][a-z0-9]{15})_([A-Za-z0-9_-]{43})$/

/** A connection about to be made. */
export type NewConnection = Omit<Connection, 'format' | 'id' | 'kind' | 'createdAt' | 'lastUsedAt' | 'secretHash'>

/** Agents that were let in. It asks nobody: who may is its callers' question. */
export interface Connections {
  /** Lets in a program that somebody signed in for; `id` is its grant's. */
  grant(id: string, connection: NewConnection): Promise<void>
  /** A token, in the answer and nowhere else. */
  issue(connection: NewConnection): Promise<{ connection: Connection; token: string }>
  /** The connection that a token of ours belongs to; `undefined` for one that is not of this form. */
  ofToken(token: string): Promise<Connection | undefined>
  get(id: string): Promise<Connection | undefined>
  ofUser(userId: string): Promise<Connection[]>
  ofRepl(replId: string): Promise<Connection[]>
  /** Ends it: the next call finds nothing, and what is open is told. */
  end(connection: Connection): Promise<void>
  /** Calls `listener` when the connection may have ended, on any replica: a hint, which may be lost. */
  onEnd(id: string, listener: () => void): Promise<AsyncDisposable>
  /** It was used just now (kept to one write a minute). */
  used(connection: Connection): void
}

interface ConnectionsDeps {
  stateStore: StateStore
  log: Log
  now: () => number
}

export function createConnections({ stateStore, log, now }: ConnectionsDeps): Connections {
  const isUseDue = createThrottle(USED_EVERY_MS, now)

  const insert = async (connection: Connection) => {
    const mine = await listed(connectionKeys.ofUser(connection.userId))
    if (mine.length >= MAX_CONNECTIONS_PER_USER) {
      throw new AppError(
        'quota_exceeded',
        `You have let in ${MAX_CONNECTIONS_PER_USER} agents, which is all you may.`,
        {
          advice: 'Cut off some that you no longer need, in the settings.',
        },
      )
    }
    const ttl = connection.expiresAt === undefined ? {} : { ttlMs: Math.max(1, connection.expiresAt - now()) }
    await stateStore.transact([
      { kind: 'put', key: connectionKeys.one(connection.id), value: toJson(connection), expected: 'any', ...ttl },
      ...indexKeysOf(connection).map((key): Write => ({ kind: 'put', key, value: null, expected: 'any', ...ttl })),
    ])
    await tell(connection)
  }

  const tell = async ({ resource }: Connection) => {
    if (resource.kind === 'repl') await stateStore.publish(agentsChannel(resource.replId), { kind: 'connections' })
  }

  const get = async (id: string) => {
    const record = await stateStore.get(connectionKeys.one(id))
    if (record === undefined) return undefined
    const connection = fromRecord(connectionSchema, record)
    return connection.expiresAt !== undefined && connection.expiresAt <= now() ? undefined : connection
  }

  const listed = async (prefix: string) => {
    const found: Connection[] = []
    for await (const page of pages(stateStore, prefix)) {
      const ids = page.map(({ key }) => key.slice(prefix.length))
      const records = await stateStore.getMany(ids.map((id) => connectionKeys.one(id)))
      found.push(...records.flatMap((record) => (record === undefined ? [] : [fromRecord(connectionSchema, record)])))
    }
    return found
      .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now())
      .toSorted((a, b) => b.createdAt - a.createdAt)
  }

  const writeUse = async ({ id }: Connection) => {
    const record = await stateStore.get(connectionKeys.one(id))
    if (record === undefined) return
    const connection = fromRecord(connectionSchema, record)
    await stateStore.put(connectionKeys.one(id), toJson({ ...connection, lastUsedAt: now() }), {
      expected: { version: record.version },
      ...(connection.expiresAt !== undefined && { ttlMs: Math.max(1, connection.expiresAt - now()) }),
    })
    await tell(connection)
  }

  return {
    get,
    grant: async (id, connection) => {
      await insert({ ...connection, format: 1, id, kind: 'oauth', createdAt: now() })
      const { userId, resource, client, scopes } = connection
      const repl = resource.kind === 'repl' ? resource.replId : undefined
      log.info('a program was let in', { who: userId, client, repl, connection: id, scopes: scopes.join(' ') })
    },
    issue: async (wanted) => {
      checkExpiry(wanted.expiresAt, now())
      const secret = randomBytes(TOKEN_BYTES).toString('base64url')
      const connection: Connection = {
        ...wanted,
        format: 1,
        id: newId(),
        kind: 'token',
        createdAt: now(),
        secretHash: hash(secret).toString('hex'),
      }
      await insert(connection)
      return { connection, token: `${PREFIX}${connection.id}_${secret}` }
    },
    ofToken: async (token) => {
      const [, id, secret] = TOKEN.exec(token) ?? []
      if (id === undefined || secret === undefined) return undefined
      const connection = await get(id)
      if (connection?.secretHash === undefined) return undefined
      return timingSafeEqual(hash(secret), Buffer.from(connection.secretHash, 'hex')) ? connection : undefined
    },
    ofUser: (userId) => listed(connectionKeys.ofUser(userId)),
    ofRepl: (replId) => listed(connectionKeys.ofRepl(replId)),
    end: async (connection) => {
      await stateStore.transact([
        { kind: 'delete', key: connectionKeys.one(connection.id), expected: 'any' },
        ...indexKeysOf(connection).map((key): Write => ({ kind: 'delete', key, expected: 'any' })),
      ])
      // What is open asks again whether it still may.
      await stateStore.publish(connectionChannel(connection.id), null)
      await tell(connection)
    },
    onEnd: (id, listener) => stateStore.subscribe(connectionChannel(id), listener),
    used: (connection) => {
      if (!isUseDue(connection.id)) return
      writeUse(connection).catch((error: unknown) => {
        if (!(error instanceof AppError && error.code === 'conflict'))
          log.warn('the use of a connection was not recorded', { error: String(error) })
      })
    },
  }
}

/** Whether a bearer token is one of ours, good or not. */
export function isOwnToken(token: string): boolean {
  return token.startsWith(PREFIX)
}

function checkExpiry(expiresAt: number | undefined, now: number): void {
  if (expiresAt === undefined) return
  if (expiresAt <= now) throw new AppError('bad_request', 'The token would have expired already.')
  if (expiresAt > now + MAX_TOKEN_LIFE_MS) throw new AppError('bad_request', 'A token is good for a year at most.')
}

/** A secret has enough entropy that a plain hash cannot be turned round. */
function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest()
}
