import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
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
import { Hints } from '#server/state-store/hints.ts'
import { ensureWritableFile, newerFormat, translateSqliteError } from '#server/state-store/sqlite-file.ts'
import type { Expected, Json, Lease, StateStore, StoredRecord, Write } from '#server/state-store/state-store.ts'

const FORMAT = 1

/** How long a statement waits for another process's transaction. It blocks this one, so it is short. */
const BUSY_TIMEOUT_MS = 2_000

/** How often what has expired is deleted; readers never see it meanwhile. */
const SWEEP_INTERVAL_MS = 60_000

/** One counter gives every lease its fence, so that it grows per name although expired leases leave no row. */
const SCHEMA = `
  CREATE TABLE records (key TEXT PRIMARY KEY, version TEXT NOT NULL, value TEXT NOT NULL, expires_at INTEGER)
    STRICT, WITHOUT ROWID;
  CREATE INDEX records_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;
  CREATE TABLE leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE fence (last INTEGER NOT NULL) STRICT;
  INSERT INTO fence VALUES (0);
  PRAGMA user_version = ${FORMAT};
`

/** After every key that may begin with a prefix: \`~\` sorts behind all that keys are made of. */
const BEHIND_ALL = '~'

/**
 * The state store in one file. What was acknowledged survives a crash of the process and of the machine. Several
 * processes may open the file; hints reach this one only.
 */
export async function openSqliteStateStore(options: { file: string }): Promise<StateStore> {
  ensureWritableFile(options.file)
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(options.file, { timeout: BUSY_TIMEOUT_MS })
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    migrate(db, options.file)
    return new SqliteStateStore(db, options.file)
  } catch (error) {
    db?.close()
    throw translateSqliteError(options.file, error)
  }
}

function migrate(db: DatabaseSync, file: string): void {
  inTransaction(db, () => {
    const found = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (found > FORMAT) throw newerFormat(file, { found, known: FORMAT })
    if (found === 0) db.exec(SCHEMA)
  })
}

/** Runs `body` with the file's only write lock, so that what it reads still holds when it writes. */
function inTransaction<T>(db: DatabaseSync, body: () => T): T {
  db.exec('BEGIN IMMEDIATE')
  try {
    const result = body()
    db.exec('COMMIT')
    return result
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK')
    throw error
  }
}

class SqliteStateStore implements StateStore {
  readonly #db: DatabaseSync
  readonly #file: string
  readonly #hints = new Hints()
  readonly #sweeper: NodeJS.Timeout
  readonly #statements: ReturnType<typeof prepare>

  constructor(db: DatabaseSync, file: string) {
    this.#db = db
    this.#file = file
    this.#statements = prepare(db)
    this.#sweep()
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref()
  }

  async get(key: string): Promise<StoredRecord | undefined> {
    return (await this.getMany([key]))[0]
  }

  async getMany(keys: string[]): Promise<(StoredRecord | undefined)[]> {
    for (const key of keys) assertKey(key)
    return this.#guard(() => keys.map((key) => asRecord(this.#statements.read.get(key, Date.now()))))
  }

  async put(key: string, value: Json, options: { expected: Expected; ttlMs?: number }): Promise<string> {
    const [version] = this.#write([{ kind: 'put', key, value, ...options }])
    if (version === undefined) throw new Error('a put has a version')
    return version
  }

  async delete(key: string, expected: Expected): Promise<void> {
    this.#write([{ kind: 'delete', key, expected }])
  }

  async transact(writes: Write[]): Promise<void> {
    this.#write(writes)
  }

  async list(prefix: string, options: { cursor?: string; limit?: number } = {}) {
    assertPrefix(prefix)
    const limit = pageLimit(options.limit)
    const { listFrom, listAfter } = this.#statements
    const rows = this.#guard(() => {
      const last = prefix + BEHIND_ALL
      return options.cursor === undefined || options.cursor < prefix
        ? listFrom.all(prefix, last, Date.now(), limit + 1)
        : listAfter.all(options.cursor, last, Date.now(), limit + 1)
    })
    const records = rows.slice(0, limit).flatMap((row) => asRecord(row) ?? [])
    const cursor = rows.length > limit ? records.at(-1)?.key : undefined
    return { records, ...(cursor !== undefined && { cursor }) }
  }

  async lease(name: string, ms: number): Promise<Lease | undefined> {
    assertKey(name)
    assertDuration(ms)
    const holder = randomUUID()
    const { takeLease, nextFence, renewLease, releaseLease } = this.#statements
    const fence = this.#guard(() =>
      inTransaction(this.#db, () => {
        const now = Date.now()
        const { changes } = takeLease.run(name, holder, now + ms, now)
        return changes === 0 ? undefined : Number(nextFence.get()?.['last'])
      }),
    )
    if (fence === undefined) return undefined
    return {
      fence,
      renew: async () => {
        const now = Date.now()
        return this.#guard(() => renewLease.run(now + ms, name, holder, now).changes === 1)
      },
      [Symbol.asyncDispose]: async () => {
        // A store that is closed already cannot release; the lease runs out by itself.
        if (this.#db.isOpen) this.#guard(() => releaseLease.run(name, holder))
      },
    }
  }

  async publish(channel: string, message: Json): Promise<void> {
    assertChannel(channel)
    const copy = decodeValue(encodeValue(channel, message))
    setImmediate(() => this.#hints.deliver(channel, copy))
  }

  async subscribe(channel: string, listener: (message: Json) => void): Promise<AsyncDisposable> {
    assertChannel(channel)
    return this.#hints.add(channel, listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#sweeper)
    if (this.#db.isOpen) this.#db.close()
  }

  /** All of `writes` or none; the new versions of the puts among them. */
  #write(writes: Write[]): string[] {
    assertWrites(writes)
    const prepared = writes.map((write) =>
      write.kind === 'put' ? { ...write, text: encodeValue(write.key, write.value) } : write,
    )
    const { read, put, remove } = this.#statements
    return this.#guard(() =>
      inTransaction(this.#db, () => {
        const now = Date.now()
        for (const { key, expected } of writes) {
          if (expected === 'any') continue
          const version = asRecord(read.get(key, now))?.version
          if (version !== (expected === 'absent' ? undefined : expected.version)) throw conflictAt(key)
        }
        return prepared.flatMap((write) => {
          if (write.kind === 'delete') remove.run(write.key)
          if (write.kind !== 'put') return []
          const version = newVersion()
          put.run(write.key, version, write.text, write.ttlMs === undefined ? null : now + write.ttlMs)
          return [version]
        })
      }),
    )
  }

  #sweep(): void {
    try {
      this.#statements.sweepRecords.run(Date.now())
      this.#statements.sweepLeases.run(Date.now())
    } catch {
      // Readers do not see what has expired; whoever writes next hears what is wrong with the file.
    }
  }

  #guard<T>(body: () => T): T {
    if (!this.#db.isOpen) throw new AppError('unavailable', `The database ${this.#file} is closed.`)
    try {
      return body()
    } catch (error) {
      throw translateSqliteError(this.#file, error)
    }
  }
}

const rowSchema = z.object({ key: z.string(), version: z.string(), value: z.string() })

function asRecord(row: unknown): StoredRecord | undefined {
  if (row === undefined) return undefined
  const { key, version, value } = rowSchema.parse(row)
  return { key, version, value: decodeValue(value) }
}

/** Every statement after the schema. Expiry is checked by whoever reads; sweeping only frees the room. */
function prepare(db: DatabaseSync) {
  const alive = '(expires_at IS NULL OR expires_at > ?)'
  const page = (from: string) =>
    db.prepare(
      `SELECT key, version, value FROM records WHERE key ${from} ? AND key < ? AND ${alive} ORDER BY key LIMIT ?`,
    )
  return {
    read: db.prepare(`SELECT key, version, value FROM records WHERE key = ? AND ${alive}`),
    put: db.prepare('INSERT OR REPLACE INTO records (key, version, value, expires_at) VALUES (?, ?, ?, ?)'),
    remove: db.prepare('DELETE FROM records WHERE key = ?'),
    listFrom: page('>='),
    listAfter: page('>'),
    takeLease: db.prepare(
      `INSERT INTO leases (name, holder, expires_at) VALUES (?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
       WHERE leases.expires_at <= ?`,
    ),
    nextFence: db.prepare('UPDATE fence SET last = last + 1 RETURNING last'),
    renewLease: db.prepare('UPDATE leases SET expires_at = ? WHERE name = ? AND holder = ? AND expires_at > ?'),
    releaseLease: db.prepare('DELETE FROM leases WHERE name = ? AND holder = ?'),
    sweepRecords: db.prepare('DELETE FROM records WHERE expires_at <= ?'),
    sweepLeases: db.prepare('DELETE FROM leases WHERE expires_at <= ?'),
  }
}
