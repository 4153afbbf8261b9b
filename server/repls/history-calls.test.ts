import { expect, test } from 'vitest'
import { openTestBed, reached, user } from '#server/repls/_domain.ts'
import { noHistory } from '#server/repls/_stand-ins.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

test('a sandbox is told what undoes its restore: what was written since that was saved is not its to replace', async () => {
  const rowOf = (id: string) => ({ id, manifest: `of-${id}`, files: 1, bytes: 1, savedAt: 1, reason: 'save' }) as const
  const history = {
    ...noHistory,
    row: async (_replId: string, id: string) => rowOf(id),
    mark: async () => rowOf('undo'),
  }
  await using bed = await openTestBed(openSqliteStateStore, { history })
  const { domain, world } = bed
  const ada = user('Ada')
  const { id: replId } = await domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  await reached(domain, ada, { replId, kinds: ['running'] })
  expect(await domain.history.restore(ada, replId, { id: 'then', paths: ['a'] })).toEqual({ undo: 'undo' })
  expect(world.restores).toMatchObject([{ manifest: 'manifests/of-then', undo: 'manifests/of-undo', paths: ['a'] }])
})
