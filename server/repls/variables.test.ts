import { expect, test } from 'vitest'
import { MAX_VARIABLES, MAX_VARIABLES_BYTES } from '#protocol/variables.ts'
import { openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { RESTORE_WINDOW_MS } from '#server/repls/limits.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const bob = user('Bob')
const SECRET = 'hunter2-and-more'

async function running({ domain }: TestBed, who = ada): Promise<string> {
  const { id } = await domain.repls.create(who, { source: { kind: 'template', template: 'node' } })
  await reached(domain, who, { replId: id, kinds: ['running'] })
  return id
}

async function startedAnew({ domain }: TestBed, replId: string): Promise<void> {
  await domain.repls.stop(ada, replId)
  await reached(domain, ada, { replId, kinds: ['stopped'] })
  await domain.repls.start(ada, replId)
  await reached(domain, ada, { replId, kinds: ['running'] })
}

test('a sandbox that runs is told at once, and the next one when it is adopted; no answer holds a value', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const { variables } = b.domain
  const replId = await running(b)
  const set = await variables.set(ada, { replId }, { TOKEN: SECRET })
  expect(set).toEqual({ variables: [{ name: 'TOKEN', changedAt: expect.any(Number), by: 'Ada' }], isTold: true })
  expect(b.world.toldVariables).toEqual([{ TOKEN: SECRET }])
  expect(JSON.stringify(await variables.list(ada, { replId }))).not.toContain(SECRET)
  await startedAnew(b, replId)
  expect(b.world.adoptions.at(-1)?.variables).toEqual({ TOKEN: SECRET })
  const removed = await variables.remove(ada, { replId }, 'TOKEN')
  expect(removed).toEqual({ variables: [], isTold: true })
  expect(b.world.toldVariables.at(-1)).toEqual({})
  await expect(variables.remove(ada, { replId }, 'TOKEN')).rejects.toMatchObject({ code: 'not_found' })
})

test('those of the account are in all REPLs of that person, behind what a REPL has itself', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const { variables } = b.domain
  const [one, two, others] = [await running(b), await running(b), await running(b, bob)]
  await variables.set(ada, { replId: one }, { REGION: 'north' })
  await variables.set(ada, 'account', { REGION: 'south', KEY: SECRET })
  expect(b.world.toldVariables.slice(1)).toEqual(
    expect.arrayContaining([
      { REGION: 'north', KEY: SECRET },
      { REGION: 'south', KEY: SECRET },
    ]),
  )
  expect(b.world.toldVariables).toHaveLength(3)
  await startedAnew(b, two)
  expect(b.world.adoptions.at(-1)?.variables).toEqual({ REGION: 'south', KEY: SECRET })
  expect(b.world.adoptions.find(({ repl }) => repl === others)?.variables).toEqual({})
})

test('nothing of it lies readable in the store or the log', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const replId = await running(b)
  await b.domain.variables.set(ada, { replId }, { TOKEN: SECRET })
  await b.domain.variables.set(ada, 'account', { OTHER: SECRET })
  const { records } = await b.stateStore.list('variables:')
  expect(records).toHaveLength(2)
  expect(JSON.stringify(records)).not.toMatch(/hunter2|TOKEN|OTHER/)
  expect(b.lines.join('\n')).not.toMatch(/hunter2/)
})

test('an editor reads the names, the owner alone changes them; a viewer and a stranger see nothing', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const { variables, shares } = b.domain
  const replId = await running(b)
  await variables.set(ada, { replId }, { TOKEN: SECRET })
  await expect(variables.list(bob, { replId })).rejects.toMatchObject({ code: 'not_found' })
  const viewing = await shares.create(ada, replId, { role: 'viewer', allowSignedOut: false })
  await shares.redeem(bob, viewing.token)
  await expect(variables.list(bob, { replId })).rejects.toMatchObject({ code: 'forbidden' })
  const editing = await shares.create(ada, replId, { role: 'editor', allowSignedOut: false })
  await shares.redeem(bob, editing.token)
  expect(await variables.list(bob, { replId })).toMatchObject([{ name: 'TOKEN' }])
  await expect(variables.set(bob, { replId }, { TOKEN: 'mine' })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(variables.remove(bob, { replId }, 'TOKEN')).rejects.toMatchObject({ code: 'forbidden' })
  expect(await variables.list(bob, 'account')).toEqual([])
})

test('what a sandbox cannot be told is kept, and it is said', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const replId = await running(b)
  b.world.machineOf(replId).isSidecarUp = false
  expect(await b.domain.variables.set(ada, { replId }, { TOKEN: SECRET })).toMatchObject({ isTold: false })
  expect(await b.domain.variables.list(ada, { replId })).toMatchObject([{ name: 'TOKEN' }])
})

test('work is saved though its variables cannot be read, and its sandbox keeps those it has', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const replId = await running(b)
  await b.stateStore.put(`variables:repl:${replId}`, { format: 1, sealed: 'damaged' }, { expected: 'absent' })
  b.world.machineOf(replId).isSidecarUp = false
  b.world.machineOf(replId).work = 'precious'
  await b.domain.repls.stop(ada, replId)
  await reached(b.domain, ada, { replId, kinds: ['stopped'] })
  expect(b.world.saved.get(replId)).toBe('precious')
  expect(b.world.adoptions.at(-1)?.variables).toBeUndefined()
  await b.domain.repls.start(ada, replId)
  const failed = await reached(b.domain, ada, { replId, kinds: ['failed'] })
  expect(failed.state).toMatchObject({ error: { advice: expect.stringContaining('DEVEX_SECRET') } })
})

test('too many, or too much, is refused whole', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const { variables } = b.domain
  const many = Object.fromEntries(Array.from({ length: MAX_VARIABLES }, (_, at) => [`V${at}`, '']))
  await variables.set(ada, 'account', many)
  await expect(variables.set(ada, 'account', { ONE_MORE: '' })).rejects.toMatchObject({ code: 'quota_exceeded' })
  await expect(variables.set(ada, 'account', { V0: 'x'.repeat(MAX_VARIABLES_BYTES) })).rejects.toMatchObject({
    code: 'quota_exceeded',
  })
  expect(await variables.list(ada, 'account')).toHaveLength(MAX_VARIABLES)
})

test('those of a REPL go with it when it is purged', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const replId = await running(b)
  await b.domain.variables.set(ada, { replId }, { TOKEN: SECRET })
  await b.domain.repls.delete(ada, replId)
  await reached(b.domain, ada, { replId, kinds: ['deleted'] })
  b.advance(RESTORE_WINDOW_MS + 1)
  await b.domain.sweeper.sweep()
  expect((await b.stateStore.list('variables:')).records).toEqual([])
})
