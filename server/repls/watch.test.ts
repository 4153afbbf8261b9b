import { expect, test, vi } from 'vitest'
import { AppError } from '#server/errors.ts'
import { openTestBed, reached, user } from '#server/repls/_domain.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const bob = user('Bob')

test('a watch that begins while the store is out of reach waits that out, and follows from then on', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const { repls, shares } = b.domain
  const { id } = await repls.create(ada, { source: { kind: 'template', template: 'node' } })
  await reached(b.domain, ada, { replId: id, kinds: ['running'] })
  const { token } = await shares.create(ada, id, { role: 'viewer', allowSignedOut: false })
  await shares.redeem(bob, token)

  const outage = new AppError('unavailable', 'The Redis server does not answer.')
  const subscribe = vi.spyOn(b.stateStore, 'subscribe').mockRejectedValueOnce(outage).mockRejectedValueOnce(outage)
  const closing = new AbortController()
  const views = repls.watch(bob, id, closing.signal)[Symbol.asyncIterator]()
  const lists = repls.watchList(bob, closing.signal)[Symbol.asyncIterator]()
  const [view, list] = await Promise.all([views.next(), lists.next()])
  expect(view.value).toMatchObject({ id })
  expect(list.value).toMatchObject([{ id }])
  expect(subscribe.mock.calls.length).toBeGreaterThanOrEqual(5)

  await repls.rename(ada, id, 'after')
  const [renamed, relisted] = await Promise.all([views.next(), lists.next()])
  expect(renamed.value).toMatchObject({ name: 'after' })
  expect(relisted.value).toMatchObject([{ name: 'after' }])
  closing.abort()
  expect((await Promise.all([views.next(), lists.next()])).map(({ done }) => done)).toEqual([true, true])
})
