import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { newId } from '#protocol/ids.ts'
import { createUsers } from '#server/auth/users.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { user } from '#server/repls/_domain.ts'
import { LIMIT_MS, stage, why } from '#server/repls/_stage.ts'
import { createQuotas } from '#server/repls/quotas.ts'
import { registerAgain } from '#server/repls/recover.ts'
import { createReplStore } from '#server/repls/store.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import { writeHead } from '#server/workspaces/head.ts'

const ROOT = join(import.meta.dirname, '../..')
const ada = user('Ada')
const LOCAL = { provider: 'local', accountId: 'owner', name: 'Ada', isAdmin: true } as const

/** Runs one of our scripts on a data folder; what it printed. */
async function run(script: string, data: string, ...args: string[]): Promise<string> {
  const node = ['--disable-warning=ExperimentalWarning', join(ROOT, 'scripts', script), ...args]
  const { stdout } = await promisify(execFile)(process.execPath, node, { env: { ...process.env, DEVEX_DATA: data } })
  return stdout
}

describe.skipIf(why !== '')(`when the state store is lost${why}`, () => {
  test(
    'what the object store holds is listed, registered again for its owner, and starts as it was',
    { timeout: 2 * LIMIT_MS },
    async () => {
      const data = await mkdtemp(join(tmpdir(), 'devex-recover-'))
      try {
        let replId = ''
        {
          await using s = await stage({ data })
          const { repls, history } = s.app.context
          replId = (await repls.create(ada, { name: 'Garden', source: { kind: 'template', template: 'empty' } })).id
          await writeFile(join(await s.volumeOf(replId), 'workspace/plan.txt'), 'roses')
          await history.checkpoint(ada, replId, 'roses')
          await writeFile(join(await s.volumeOf(replId), 'workspace/plan.txt'), 'tulips')
        }
        for (const name of await readdir(data)) if (name.startsWith('state.sqlite')) await rm(join(data, name))

        expect(await run('recover.ts', data)).toMatch(new RegExp(`${ada.id} +${replId} .* LOST +Garden`))
        {
          await using store = await openSqliteStateStore({ file: join(data, 'state.sqlite') })
          expect((await createUsers(store).signIn(LOCAL)).id).not.toBe(ada.id)
        }
        expect(await run('recover.ts', data, '--owner', ada.id, '--user', 'local')).toContain(`registered ${replId}`)
        expect(await run('recover.ts', data)).toContain('Nothing is lost.')
        {
          await using store = await openSqliteStateStore({ file: join(data, 'state.sqlite') })
          expect((await createUsers(store).signIn(LOCAL)).id).toBe(ada.id)
        }
        await using again = await stage({ data })
        const { repls, history } = again.app.context
        expect(await repls.list(ada)).toEqual([expect.objectContaining({ id: replId, name: 'Garden', role: 'owner' })])
        expect(await readFile(join(await again.volumeOf(replId), 'workspace/plan.txt'), 'utf8')).toBe('tulips')
        expect((await history.list(ada, replId)).map(({ name }) => name)).toContain('roses')
      } finally {
        await rm(data, { recursive: true, force: true })
      }
    },
  )

  test('a snapshot is listed and written to a folder with nothing running', { timeout: LIMIT_MS }, async () => {
    const data = await mkdtemp(join(tmpdir(), 'devex-restore-'))
    try {
      let replId = ''
      {
        await using s = await stage({ data })
        const { repls, history } = s.app.context
        replId = (await repls.create(ada, { source: { kind: 'template', template: 'empty' } })).id
        const volume = await s.volumeOf(replId)
        await writeFile(join(volume, 'workspace/run.sh'), 'one', { mode: 0o755 })
        await history.checkpoint(ada, replId, 'first')
        await writeFile(join(volume, 'workspace/run.sh'), 'two')
      }
      const listed = await run('restore-snapshot.ts', data, replId)
      const [id = ''] = /^\S+(?=.* first$)/m.exec(listed) ?? []
      await run('restore-snapshot.ts', data, replId, join(data, 'newest'))
      await run('restore-snapshot.ts', data, replId, join(data, 'first'), '--snapshot', id)
      expect(await readFile(join(data, 'newest/workspace/run.sh'), 'utf8')).toBe('two')
      expect(await readFile(join(data, 'first/workspace/run.sh'), 'utf8')).toBe('one')
      await expect(run('restore-snapshot.ts', data, replId, join(data, 'first'))).rejects.toThrow('is not empty')
      await expect(run('restore-snapshot.ts', data, 'a000000000000000')).rejects.toThrow('holds nothing')
    } finally {
      await rm(data, { recursive: true, force: true })
    }
  })
})

describe('recovering', () => {
  let data = ''
  /** What the store of objects holds, as the script reads it, and Ada, who has signed in again. */
  const LOST = { replId: newId(), ownerId: newId(), name: 'Garden' }
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'devex-recover-'))
    await using objects = await openDiskObjectStore({ folder: join(data, 'objects'), signingKey: new Uint8Array(32) })
    const snapshot = { manifest: '0'.repeat(64), savedAt: 1, files: 2, bytes: 3, reason: 'stop' } as const
    await writeHead(
      objects,
      { ...snapshot, repl: LOST.replId, owner: LOST.ownerId, name: LOST.name, generation: 4 },
      null,
    )
  })
  afterEach(() => rm(data, { recursive: true, force: true }))

  const inState = async <T>(work: (store: StateStore) => Promise<T>): Promise<T> => {
    await using store = await openSqliteStateStore({ file: join(data, 'state.sqlite') })
    return await work(store)
  }
  const signIn = async () => (await inState((store) => createUsers(store).signIn(LOCAL))).id

  test(
    'an owner of whom nothing is stored is refused, and who signs in stays who they are',
    { timeout: LIMIT_MS },
    async () => {
      const id = await signIn()
      for (const wrong of ['typo', LOST.replId, newId()]) {
        await expect(run('recover.ts', data, '--owner', wrong, '--user', 'local')).rejects.toThrow(
          `holds nothing of an owner ${wrong}`,
        )
        expect(await signIn()).toBe(id)
      }
    },
  )

  test(
    'somebody who has made a REPL since keeps it: recovering is refused until it is deleted',
    { timeout: LIMIT_MS },
    async () => {
      const id = await signIn()
      const since = { ...LOST, replId: newId(), ownerId: id, name: 'Meadow' }
      const stored = { savedAt: 1, files: 2, bytes: 3, generation: 4, isRegistered: false }
      await inState((store) => registerAgain(store, { ...stored, ...since }, 'Ada'))
      const recovering = () => run('recover.ts', data, '--owner', LOST.ownerId, '--user', 'local')
      await expect(recovering()).rejects.toThrow('has REPLs already: Meadow.')
      expect(await signIn()).toBe(id)

      await inState(async (store) => {
        const repls = createReplStore(store, createQuotas(store, { replsPerUser: 9, runningReplsPerUser: 9 }))
        await repls.update(since.replId, (repl) => ({
          ...repl,
          state: { kind: 'deleted', purgeAt: 1, isPurging: false },
        }))
      })
      expect(await recovering()).toContain(`registered ${LOST.replId}`)
      expect(await signIn()).toBe(LOST.ownerId)
      expect(await recovering()).toContain('0 REPLs')
    },
  )

  /** What recovering did with an owner that was mistyped, before it looked whether there is such. */
  const mistype = async (id: string, typo: string, identity: string) =>
    inState(async (store) => {
      const user = await store.get(`user:${id}`)
      await store.transact([
        {
          kind: 'put',
          key: `user:${typo}`,
          value: z.json().parse({ ...z.looseObject({}).parse(user?.value), id: typo }),
          expected: 'absent',
        },
        { kind: 'delete', key: `user:${id}`, expected: 'any' },
        { kind: 'put', key: `identity:${identity}`, value: { format: 1, userId: typo }, expected: 'any' },
      ])
    })
  const GRACE = { provider: 'github', accountId: '1906', login: 'grace', name: 'Grace', isAdmin: false } as const
  const EVE = { provider: 'github', accountId: '1970', login: 'eve', name: 'Eve', isAdmin: false } as const

  test(
    'whom a mistyped owner has locked out is let in again by the right one, as is everybody else',
    { timeout: LIMIT_MS },
    async () => {
      const ids = await inState(async (store) => {
        const users = createUsers(store)
        return { grace: (await users.signIn(GRACE)).id, eve: (await users.signIn(EVE)).id }
      })
      const stays = { ...LOST, replId: newId(), ownerId: ids.eve, name: 'Meadow' }
      const stored = { savedAt: 1, files: 2, bytes: 3, generation: 4, isRegistered: false }
      await inState((store) => registerAgain(store, { ...stored, ...stays }, 'Eve'))
      await mistype(await signIn(), 'adas-id', 'local:owner')
      await mistype(ids.grace, 'graces-id', 'github:1906')
      await expect(signIn()).rejects.toThrow('userId')

      // Refused as ever, and then nothing is changed.
      await expect(run('recover.ts', data, '--owner', newId(), '--user', 'local')).rejects.toThrow('holds nothing')
      await expect(signIn()).rejects.toThrow('userId')

      const said = await run('recover.ts', data, '--owner', LOST.ownerId, '--user', 'local')
      expect(said).toContain('Ada can sign in again: an earlier run had made them adas-id')
      expect(said).toContain('Grace can sign in again: an earlier run had made them graces-id')
      expect(said).toContain(`registered ${LOST.replId}`)
      expect(said).not.toContain('Eve')
      expect(await signIn()).toBe(LOST.ownerId)
      await inState(async (store) => {
        const users = createUsers(store)
        const grace = await users.signIn(GRACE)
        expect(grace.id).toMatch(/^[a-z][a-z0-9]{15}$/)
        expect(grace.id).not.toBe(LOST.ownerId)
        expect((await users.signIn(EVE)).id).toBe(ids.eve)
        expect(await Array.fromAsync(users.ids())).toHaveLength(3)
        const repls = createReplStore(store, createQuotas(store, { replsPerUser: 9, runningReplsPerUser: 9 }))
        expect((await repls.ofOwner(ids.eve)).map(({ name }) => name)).toEqual(['Meadow'])
      })
      expect(await run('recover.ts', data, '--owner', LOST.ownerId, '--user', 'local')).not.toContain(
        'can sign in again',
      )
    },
  )

  test('a mistyped owner who could be somebody is no obstacle to the right one', { timeout: LIMIT_MS }, async () => {
    const other = newId()
    await mistype(await signIn(), other, 'local:owner')
    expect(await signIn()).toBe(other)
    expect(await run('recover.ts', data, '--owner', LOST.ownerId, '--user', 'local')).toContain(
      `registered ${LOST.replId}`,
    )
    expect(await signIn()).toBe(LOST.ownerId)
  })
})
