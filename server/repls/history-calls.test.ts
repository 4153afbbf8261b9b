import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { eventually, openTestBed, reached, user } from '#server/repls/_domain.ts'
import { noHistory } from '#server/repls/_stand-ins.ts'
import { OPEN_SNAPSHOTS } from '#server/repls/limits.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const rowOf = (id: string) => ({ id, manifest: `of-${id}`, files: 1, bytes: 1, savedAt: 1, reason: 'save' }) as const

test('a sandbox is told what undoes its restore: what was written since that was saved is not its to replace', async () => {
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

/** A history each of whose reads goes on until it is let go. */
function slowHistory() {
  const reads: { what: string; end: () => void }[] = []
  const read = <T>(what: string, answer: T) =>
    new Promise<T>((resolve) => void reads.push({ what, end: () => resolve(answer) }))
  const history = {
    ...noHistory,
    rows: async () => [rowOf('newest'), rowOf('then')],
    tree: () => read('tree', { entries: [], isCut: false }),
    diff: () => read('diff', { differences: [], isCut: false }),
    file: () => read('file', { kind: 'missing' } as const),
    archive: async () => Readable.from(['an archive']),
  }
  const endAll = () => {
    for (const { end } of reads) end()
  }
  return { history, reads, endAll }
}

test('so many snapshots are read at once, and neither one person nor the guests of a repl have all places', async () => {
  const { history, reads, endAll } = slowHistory()
  await using bed = await openTestBed(openSqliteStateStore, { history })
  const { domain, stateStore } = bed
  const ada = user('Ada')
  const { id: replId } = await domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  const { token } = await domain.shares.create(ada, replId, { role: 'viewer', allowSignedOut: true })
  const guest = async () => {
    const { guestCookie } = await domain.shares.redeem(undefined, token)
    const who = await domain.resolveGuest(guestCookie?.value ?? '')
    if (who === undefined) throw new Error('the guest is nobody')
    return who
  }
  const guests = await Promise.all(Array.from({ length: OPEN_SNAPSHOTS.waitingEach + 3 }, guest))
  const bob = user('Bob')
  await domain.shares.redeem(bob, token)

  // As many guests as there are have two places together; the last one has none even to wait in.
  const asked = guests.map((who) => domain.history.tree(who, replId))
  const refused = await Promise.race(asked.map((call) => call.catch((error: unknown) => error)))
  expect(refused).toMatchObject({ code: 'rate_limited', advice: 'Try again in a moment.' })
  expect(reads).toHaveLength(OPEN_SNAPSHOTS.each)

  // A comparison needs two, which are there for somebody else.
  const compared = domain.history.diff(bob, replId, { from: 'then', to: 'newest' })
  await eventually(() => reads.map(({ what }) => what)).toEqual(['tree', 'tree', 'diff'])
  // All are taken now.
  const looked = domain.history.file(ada, replId, { id: 'then', path: 'a' })
  await stateStore.list('')
  expect(reads).toHaveLength(3)

  reads[2]?.end()
  await compared
  await eventually(() => reads.map(({ what }) => what)).toEqual(['tree', 'tree', 'diff', 'file'])
  const waitFor = Promise.allSettled([looked, ...asked])
  await eventually(() => (endAll(), reads.length)).toBe(2 + OPEN_SNAPSHOTS.each + OPEN_SNAPSHOTS.waitingEach)
  endAll()
  expect((await waitFor).filter(({ status }) => status === 'rejected')).toHaveLength(1)
})

test('a download keeps its own place until it has ended, and none of those for looking', async () => {
  const { history, reads, endAll } = slowHistory()
  await using bed = await openTestBed(openSqliteStateStore, { history })
  const { domain } = bed
  const ada = user('Ada')
  const { id: replId } = await domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  await reached(domain, ada, { replId, kinds: ['running'] })
  const archive = () => domain.history.archive(ada, replId, { id: 'then', format: 'zip' })
  const first = await archive()
  await archive()
  let hasThird = false
  const third = archive().then(() => (hasThird = true))
  const looked = Promise.all([1, 2].map(() => domain.history.tree(ada, replId)))
  await eventually(() => reads.length).toBe(2)
  endAll()
  await looked
  expect(hasThird).toBe(false)
  expect(await Array.fromAsync(first.content)).toEqual(['an archive'])
  await third
})
