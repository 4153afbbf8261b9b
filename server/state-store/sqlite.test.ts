import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import { describeStateStore } from '#server/state-store/state-store.contract.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devex-sqlite-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describeStateStore('sqlite', {
  open: () => openSqliteStateStore({ file: join(folder, 'contract', 'state.sqlite') }),
  reachesReplicas: false,
})

describe('the file of the sqlite state store', () => {
  test('is readable by its user only', async () => {
    const file = join(folder, 'private', 'state.sqlite')
    await using _store = await openSqliteStateStore({ file })
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect((await stat(`${file}-wal`)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'private'))).mode & 0o777).toBe(0o700)
  })

  test('is refused, and left as it is, when a newer version wrote it', async () => {
    const file = join(folder, 'newer.sqlite')
    const newer = new DatabaseSync(file)
    newer.exec('PRAGMA user_version = 7; CREATE TABLE later (x)')
    newer.close()
    await expect(openSqliteStateStore({ file })).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringMatching(/newer\.sqlite.*format 7.*up to 1/),
      advice: expect.stringContaining('Update'),
    })
    const after = new DatabaseSync(file)
    expect(after.prepare('SELECT name FROM sqlite_master').all()).toEqual([{ name: 'later' }])
    after.close()
  })

  test('is refused when it is something else', async () => {
    const file = join(folder, 'something.txt')
    await writeFile(file, 'these are my notes, '.repeat(100))
    await expect(openSqliteStateStore({ file })).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining(file),
    })
    expect(await readFile(file, 'utf8')).toBe('these are my notes, '.repeat(100))
  })

  // Not even root may make folders in /sys; nobody may make one below a file.
  test.for(['/sys/devex/state.sqlite', '/etc/passwd/state.sqlite'])(
    'that cannot be made is named: %s',
    async (file) => {
      await expect(openSqliteStateStore({ file })).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringContaining(file),
        advice: expect.stringContaining('DEVEX_DATA'),
      })
    },
  )

  const isRoot = process.getuid?.() === 0
  test.skipIf(isRoot)(
    `in a read-only folder is named${isRoot ? ' (skipped: root may write anywhere)' : ''}`,
    async () => {
      const readOnly = await mkdtemp(join(folder, 'read-only-'))
      await chmod(readOnly, 0o500)
      await expect(openSqliteStateStore({ file: join(readOnly, 'state.sqlite') })).rejects.toMatchObject({
        code: 'unavailable',
        advice: expect.stringContaining(readOnly),
      })
    },
  )

  test('outlives its store, and sheds what has expired when it is opened', async () => {
    const file = join(folder, 'again.sqlite')
    {
      await using store = await openSqliteStateStore({ file })
      await store.put('kept', 'é', { expected: 'absent' })
      await store.put('gone', 1, { expected: 'absent', ttlMs: 1 })
      await expect.poll(() => store.get('gone')).toBeUndefined()
    }
    await using _store = await openSqliteStateStore({ file })
    const raw = new DatabaseSync(file)
    expect(raw.prepare('SELECT key, value FROM records').all()).toEqual([{ key: 'kept', value: '"é"' }])
    raw.close()
  })

  test('holds every write that was acknowledged before kill -9', async () => {
    const file = join(folder, 'killed.sqlite')
    const writer = spawn(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
       const store = await openSqliteStateStore({ file: ${JSON.stringify(file)} })
       for (let n = 0; ; n += 1) {
         await store.transact([
           { kind: 'put', key: 'a:' + n, value: n, expected: 'absent' },
           { kind: 'put', key: 'b:' + n, value: n, expected: 'absent' },
         ])
         process.stdout.write(n + '\\n')
       }`,
    ], { stdio: ['ignore', 'pipe', 'inherit'] }) // prettier-ignore
    let acknowledged = -1
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Math.max(acknowledged, Number(line))
      if (acknowledged === 50) writer.kill('SIGKILL')
    }
    if (writer.exitCode === null && writer.signalCode === null) await once(writer, 'exit')
    expect(writer.signalCode).toBe('SIGKILL')
    await using store = await openSqliteStateStore({ file })
    const count = async (prefix: string) => {
      const keys = Array.from({ length: acknowledged + 1 }, (_, n) => `${prefix}:${n}`)
      return (await store.getMany(keys)).filter((record) => record !== undefined).length
    }
    expect([await count('a'), await count('b')]).toEqual([acknowledged + 1, acknowledged + 1])
    // A transaction that was under way is there as a whole or not at all.
    const next = await store.getMany([`a:${acknowledged + 1}`, `b:${acknowledged + 1}`])
    expect(new Set(next.map((record) => record?.value)).size).toBe(1)
  })
})
