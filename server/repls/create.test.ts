import { describe, expect, test } from 'vitest'
import { openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { DomainLimits } from '#server/repls/create-repls.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }

const bed = (limits: Partial<DomainLimits> = {}) => openTestBed(openSqliteStateStore, { limits })

describe('creating', () => {
  test('D7: an unknown template is refused before anything is written', async () => {
    await using b = await bed()
    for (const template of ['', 'no', 'nodejs', '../node']) {
      await expect(b.domain.repls.create(ada, { source: { kind: 'template', template } })).rejects.toMatchObject({
        code: 'bad_request',
      })
    }
    expect(b.world.calls.filter(({ call }) => call === 'seed')).toEqual([])
    const { records } = await b.stateStore.list('')
    expect(records.filter(({ key }) => !key.startsWith('store-since:'))).toEqual([])
  })

  test('D7: a seed that fails leaves no record, no files and no place taken', async () => {
    await using b = await bed({ REPLS_PER_USER: 1 })
    b.world.break('seed')
    await expect(b.domain.repls.create(ada, NODE)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await b.domain.repls.list(ada)).toEqual([])
    expect(b.world.saved.size).toBe(0)
    expect(b.world.machines.size).toBe(0)
    b.world.mend('seed')
    await expect(b.domain.repls.create(ada, NODE)).resolves.toMatchObject({ name: 'Node.js' })
  })

  test('default names are unique for their owner', async () => {
    await using b = await bed()
    const names: string[] = []
    for (let i = 0; i < 3; i++) names.push((await b.domain.repls.create(ada, NODE)).name)
    expect(names).toEqual(['Node.js', 'Node.js 2', 'Node.js 3'])
    expect((await b.domain.repls.create(user('Bob'), NODE)).name).toBe('Node.js')
  })

  test('a repository’s name becomes the repl’s, whatever it is made of', async () => {
    await using b = await bed()
    const named = async (url: string) => (await b.domain.repls.create(ada, { source: { kind: 'git', url } })).name
    expect(await named('https://example.com/ada/my-tool.git')).toBe('my-tool')
    expect(await named('https://example.com/')).toBe('Repository')
    expect(await named('https://example.com/a%00b')).toBe('Repository 2')
    expect(await named(`https://example.com/${'x'.repeat(300)}`)).toHaveLength(60)
  })
})

describe('quotas', () => {
  test('L7: 20 parallel creates give exactly the quota, over two control planes', async () => {
    await using b = await bed({ REPLS_PER_USER: 5 })
    const other = await b.another()
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? b.domain : other).repls.create(ada, NODE)),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(15)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'quota_exceeded' })
    expect(await b.domain.repls.list(ada)).toHaveLength(5)
    expect(b.world.saved.size).toBe(5)
  })

  test('deleting frees a place, restoring takes it again', async () => {
    await using b = await bed({ REPLS_PER_USER: 1 })
    const { id } = await b.domain.repls.create(ada, NODE)
    await expect(b.domain.repls.create(ada, NODE)).rejects.toMatchObject({ code: 'quota_exceeded' })
    await b.domain.repls.delete(ada, id)
    await b.domain.repls.create(ada, NODE)
    await expect(b.domain.repls.restore(ada, id)).rejects.toMatchObject({ code: 'quota_exceeded' })
  })

  test('running places: a start beyond them is refused, a create beyond them stays stopped', async () => {
    await using b = await bed({ RUNNING_REPLS_PER_USER: 1 })
    const first = await b.domain.repls.create(ada, NODE)
    await reached(b.domain, ada, { replId: first.id, kinds: ['running'] })
    const second = await b.domain.repls.create(ada, NODE)
    expect(second.state.kind).toBe('stopped')
    await expect(b.domain.repls.start(ada, second.id)).rejects.toMatchObject({ code: 'quota_exceeded' })
    await b.domain.repls.stop(ada, first.id)
    await reached(b.domain, ada, { replId: first.id, kinds: ['stopped'] })
    await b.domain.repls.start(ada, second.id)
    await reached(b.domain, ada, { replId: second.id, kinds: ['running'] })
  })

  test('20 parallel starts of sleeping repls give exactly the running places', async () => {
    await using b = await bed({ REPLS_PER_USER: 8, RUNNING_REPLS_PER_USER: 3 })
    const all: string[] = []
    for (let i = 0; i < 8; i++) {
      const { id } = await b.domain.repls.create(ada, NODE)
      all.push(id)
    }
    const running = async () => (await b.domain.repls.list(ada)).filter(({ state }) => state.kind !== 'stopped')
    expect(await running()).toHaveLength(3)
    await Promise.allSettled(all.map((id) => b.domain.repls.start(ada, id)))
    expect(await running()).toHaveLength(3)
  })
})
