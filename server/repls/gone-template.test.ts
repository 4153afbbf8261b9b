import { expect, test } from 'vitest'
import { eventually, openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { noHistory } from '#server/repls/_stand-ins.ts'
import { createQuotas } from '#server/repls/quotas.ts'
import { createReplStore } from '#server/repls/store.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const NO_RUN = { run: { command: '' }, runGuesses: [{ file: 'package.json', command: 'npm start', port: 3000 }] }

/** A running repl of a template that the installation has no longer. */
async function orphan({ domain, stateStore }: TestBed): Promise<string> {
  const { id } = await domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  await reached(domain, ada, { replId: id, kinds: ['running'] })
  const store = createReplStore(stateStore, createQuotas(stateStore, { replsPerUser: 9, runningReplsPerUser: 9 }))
  await store.update(id, (repl) => ({ ...repl, template: 'cobol' }))
  return id
}

async function stop({ domain }: TestBed, replId: string): Promise<void> {
  await domain.repls.stop(ada, replId)
  await reached(domain, ada, { replId, kinds: ['stopped', 'failed'] })
}

test('a REPL whose template is gone starts as an empty one, and what Run does is guessed from its files', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const id = await orphan(b)
  b.world.machineOf(id).work = 'an evening of work'
  await stop(b, id)
  await b.domain.repls.start(ada, id)
  expect(await reached(b.domain, ada, { replId: id, kinds: ['running', 'failed'] })).toMatchObject({
    state: { kind: 'running' },
    template: 'cobol',
  })
  expect(b.world.machineOf(id)).toMatchObject({ work: 'an evening of work', sandbox: { template: 'empty' } })
  expect(b.world.adoptions.at(-1)).toMatchObject(NO_RUN)
})

test('its last save is not lost with its template, when the sidecar must be told anew whose it is', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const id = await orphan(b)
  const machine = b.world.machineOf(id)
  machine.work = 'on the volume'
  const release = b.world.hold('stop')
  await b.domain.repls.stop(ada, id)
  await eventually(() => b.world.count('stop')).toBe(1)
  b.world.kill(machine.sandbox.id, 'sidecar')
  release()
  expect((await reached(b.domain, ada, { replId: id, kinds: ['stopped', 'failed'] })).state.kind).toBe('stopped')
  expect(b.world.saved.get(id)).toBe('on the volume')
})

test('it can be forked, and the fork runs', async () => {
  const row = { id: 'a', manifest: '0'.repeat(64), savedAt: 1, files: 1, bytes: 1, reason: 'stop' } as const
  const history = { ...noHistory, rows: async () => [row], fork: async () => undefined }
  await using b = await openTestBed(openSqliteStateStore, { history })
  const id = await orphan(b)
  await stop(b, id)
  const fork = await b.domain.history.fork(ada, id, {})
  expect(await reached(b.domain, ada, { replId: fork.id, kinds: ['running', 'failed'] })).toMatchObject({
    state: { kind: 'running' },
    template: 'cobol',
  })
  expect(b.world.adoptions.at(-1)).toMatchObject({ repl: fork.id, ...NO_RUN })
})
