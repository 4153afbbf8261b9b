import { randomUUID } from 'node:crypto'
import { Redis } from '@upstash/redis'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import {
  assertChannel,
  assertDuration,
  assertKey,
  assertPrefix,
  assertWrites,
  conflictAt,
  decodeValue,
  encodeValue,
  newVersion,
  pageLimit,
} from '#server/state-store/bounds.ts'
import { newerFormatAt, translateRedisError } from '#server/state-store/redis-errors.ts'
import { RedisHints } from '#server/state-store/redis-hints.ts'
import { CLAIM_FORMAT, LIST, RELEASE_LEASE, RENEW_LEASE, TAKE_LEASE, WRITE } from '#server/state-store/redis-scripts.ts'
import { RespRequester } from '#server/state-store/resp-requester.ts'
import type { StreamEvents } from '#server/state-store/redis-hints.ts'
import type { Expected, Json, Lease, StateStore, StoredRecord, Write } from '#server/state-store/state-store.ts'

const FORMAT = 1

/** How long one request over HTTPS may take. */
const REQUEST_TIMEOUT_MS = 5_000

/** How often the stream of hints is tested; each costs one command. */
const HEARTBEAT_MS = 20_000

/** After every key that may begin with a prefix: `~` sorts behind all that keys are made of. */
const BEHIND_ALL = '~'

const anyReplySchema = z.union([z.object({ error: z.string() }), z.object({ result: z.any() })])
const jsonSchema = z.json()
const pageSchema = z.array(z.string())
const recordsSchema = z.array(z.string().nullable())
const countSchema = z.int()

type RedisOptions = ({ url: string } | { url: string; token: string }) & {
  /** What all of our names begin with, so that several installations can share a server. */
  namespace?: string
  heartbeatMs?: number
}

/**
 * The state store on Redis or Valkey: with a `token` over HTTPS (Upstash), without over RESP (`redis://`, `rediss://`).
 * The server must not evict keys (`maxmemory-policy noeviction`).
 */
export async function openRedisStateStore(options: RedisOptions): Promise<StateStore> {
  const client = 'token' in options ? overHttps(options.url, options.token) : overResp(options.url)
  const store = new RedisStateStore({
    ...client,
    host: new URL(options.url).host,
    namespace: options.namespace ?? 'devex',
    heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
  })
  try {
    await store.claimFormat()
    return store
  } catch (error) {
    await store[Symbol.asyncDispose]()
    throw error
  }
}

interface Client {
  redis: Redis
  close(): Promise<void>
}

/** The official client. It never sends anything twice: `retry: false` would (version 1.39), no retries do not. */
function overHttps(url: string, token: string): Client {
  const redis = new Redis({
    url,
    token,
    retry: { retries: 0 },
    enableAutoPipelining: false,
    automaticDeserialization: false,
    enableTelemetry: false,
    signal: () => AbortSignal.timeout(REQUEST_TIMEOUT_MS),
  })
  return { redis, close: () => Promise.resolve() }
}

/** The same client over a transport of our own. It cannot be told to leave replies alone: see `redis-scripts.ts`. */
function overResp(url: string): Client {
  const transport = new RespRequester(url)
  const redis = new Redis({
    // The client names a type for each reply and checks none; what we ask for is parsed where we ask.
    request: async (request: Parameters<RespRequester['exchange']>[0]) =>
      anyReplySchema.parse(await transport.exchange(request)),
  })
  return { redis, close: () => transport[Symbol.asyncDispose]() }
}

class RedisStateStore implements StateStore {
  readonly #client: Client
  readonly #host: string
  readonly #namespace: string
  readonly #hints: RedisHints
  #isClosed = false

  constructor(options: Client & { host: string; namespace: string; heartbeatMs: number }) {
    this.#client = options
    this.#host = options.host
    this.#namespace = options.namespace
    this.#hints = new RedisHints({
      heartbeatMs: options.heartbeatMs,
      open: (events) => this.#openStream(events),
      // No channel of ours has a `~` in its name, so nobody hears it.
      beat: () => this.#send('~', null),
    })
  }

  /** Refuses records of a newer format; also the proof that the server answers and runs scripts. */
  async claimFormat(): Promise<void> {
    const reply = await this.#run(CLAIM_FORMAT, [this.#name('format')], [`f${FORMAT}`])
    const found = z.string().parse(reply).slice(1)
    if (!(Number(found) <= FORMAT)) throw newerFormatAt(this.#host, { found, known: FORMAT })
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    return (await this.getMany([key]))[0]
  }

  async getMany(keys: string[]): Promise<(StoredRecord | undefined)[]> {
    for (const key of keys) assertKey(key)
    if (keys.length === 0) return []
    const reply = await this.#guard(() => this.#client.redis.mget<unknown[]>(...keys.map((key) => this.#record(key))))
    const texts = recordsSchema.parse(reply)
    return keys.map((key, index) => asRecord(key, texts[index] ?? undefined))
  }

  async put(key: string, value: Json, options: { expected: Expected; ttlMs?: number }): Promise<string> {
    const [version] = await this.#write([{ kind: 'put', key, value, ...options }])
    if (version === undefined) throw new Error('a put has a version')
    return version
  }

  async delete(key: string, expected: Expected): Promise<void> {
    await this.#write([{ kind: 'delete', key, expected }])
  }

  async transact(writes: Write[]): Promise<void> {
    await this.#write(writes)
  }

  async list(prefix: string, options: { cursor?: string; limit?: number } = {}) {
    assertPrefix(prefix)
    const limit = pageLimit(options.limit)
    const first = options.cursor === undefined || options.cursor < prefix ? `[${prefix}` : `(${options.cursor}`
    const bounds = [first, `(${prefix}${BEHIND_ALL}`, limit + 1]
    const reply = await this.#run(LIST, [this.#name('index'), this.#name('expiry')], [this.#record(''), ...bounds])
    const found = pageSchema.parse(reply)
    const all = found.flatMap((text, index) =>
      index % 2 === 0 ? (asRecord(text.slice(1), found[index + 1]) ?? []) : [],
    )
    const records = all.slice(0, limit)
    const cursor = all.length > limit ? records.at(-1)?.key : undefined
    return { records, ...(cursor !== undefined && { cursor }) }
  }

  async lease(name: string, ms: number): Promise<Lease | undefined> {
    assertKey(name)
    assertDuration(ms)
    const key = this.#name(`lease:${name}`)
    const holder = `h${randomUUID()}`
    const fence = countSchema.parse(await this.#run(TAKE_LEASE, [key, this.#name('fence')], [holder, ms]))
    if (fence === 0) return undefined
    return {
      fence,
      renew: async () => (await this.#run(RENEW_LEASE, [key], [holder, ms])) === 1,
      [Symbol.asyncDispose]: async () => {
        // A store that is closed already cannot release; the lease runs out by itself.
        if (!this.#isClosed) await this.#run(RELEASE_LEASE, [key], [holder])
      },
    }
  }

  async publish(channel: string, message: Json): Promise<void> {
    assertChannel(channel)
    encodeValue(channel, message)
    await this.#send(channel, message)
  }

  subscribe(channel: string, listener: (message: Json) => void): Promise<AsyncDisposable> {
    assertChannel(channel)
    return this.#hints.subscribe(channel, listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#hints[Symbol.asyncDispose]()
    await this.#client.close()
  }

  /** All of `writes` or none; the new versions of the puts among them. */
  async #write(writes: Write[]): Promise<string[]> {
    assertWrites(writes)
    if (writes.length === 0) return []
    const versions: string[] = []
    const texts = writes.flatMap((write) => {
      const { kind, key } = write
      if (kind !== 'put') return [kind, expectedText(write.expected), '', '', key]
      const version = newVersion()
      versions.push(version)
      const record = `v${version} ${encodeValue(key, write.value)}`
      return [kind, expectedText(write.expected), record, write.ttlMs ?? '', key]
    })
    const keys = [this.#name('index'), this.#name('expiry'), ...writes.map(({ key }) => this.#record(key))]
    const outcome = z.string().parse(await this.#run(WRITE, keys, [this.#record(''), ...texts]))
    if (outcome !== 'written') throw conflictAt(outcome.replace('conflict ', ''))
    return versions
  }

  #openStream(events: StreamEvents): Disposable {
    const prefix = this.#name('hint:')
    const stream = this.#client.redis.psubscribe<unknown>(`${prefix}*`)
    stream.on('psubscribe', () => events.confirmed())
    stream.on('punsubscribe', () => events.lost())
    stream.on('error', () => events.lost())
    stream.on('pmessage', ({ channel, message }) => {
      // Over HTTPS it comes as the text that was sent, over RESP as what that text means.
      const parsed = jsonSchema.safeParse(typeof message === 'string' ? unwrap(message) : message)
      if (!parsed.success || parsed.data === null || typeof parsed.data !== 'object' || !('hint' in parsed.data)) return
      events.heard(channel.slice(prefix.length), parsed.data.hint)
    })
    return { [Symbol.dispose]: () => void stream.unsubscribe() }
  }

  /** In an object, because the client would take a message that is a string for JSON. */
  async #send(channel: string, hint: Json): Promise<void> {
    await this.#guard(() => this.#client.redis.publish(this.#name(`hint:${channel}`), { hint }))
  }

  #run(script: string, keys: string[], args: (string | number)[]): Promise<unknown> {
    return this.#guard(() => this.#client.redis.eval<(string | number)[]>(script, keys, args))
  }

  async #guard<T>(body: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new AppError('unavailable', `The connection to the Redis server ${this.#host} is closed.`)
    try {
      return await body()
    } catch (error) {
      throw translateRedisError(this.#host, error)
    }
  }

  #name(rest: string): string {
    return `${this.#namespace}:${rest}`
  }

  #record(key: string): string {
    return this.#name(`record:${key}`)
  }
}

/** A record as it is stored, `v<version> <json>`. */
function asRecord(key: string, text: string | undefined): StoredRecord | undefined {
  if (text === undefined) return undefined
  const space = text.indexOf(' ')
  return { key, version: text.slice(1, space), value: decodeValue(text.slice(space + 1)) }
}

function expectedText(expected: Expected): string {
  if (expected === 'any') return '*'
  return expected === 'absent' ? '!' : `v${expected.version}`
}

function unwrap(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
