import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { createUsers } from '#server/auth/users.ts'
import { user } from '#server/repls/_domain.ts'
import { LIMIT_MS, stage, why } from '#server/repls/_stage.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

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
