import { expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { COMPANY_KEEP_MS } from '#server/repls/limits.ts'
import type { Repls } from '#server/repls/repls.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const grace = user('Grace')
const guest = { kind: 'guest', id: newId(), name: 'Guest' } as const
/** Comings and goings are gathered before they are written. */
const SOON = { timeout: 10_000 }

async function running({ domain }: TestBed): Promise<string> {
  const { id } = await domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  await reached(domain, ada, { replId: id, kinds: ['running'] })
  const { token } = await domain.shares.create(ada, id, { role: 'viewer', allowSignedOut: false })
  await domain.shares.redeem(grace, token)
  return id
}

const names = async (repls: Repls, who: typeof ada) => {
  const [first] = await repls.list(who)
  return first?.people?.map(({ name }) => name)
}

test('lists name the others who are in a REPL, by whichever control plane they came, until their last page is closed', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const id = await running(b)
  const other = await b.another()
  expect(await names(b.domain.repls, ada)).toBeUndefined()
  b.domain.company.join(id, ada)
  const leaveByGrace = b.domain.company.join(id, grace)
  const closeFirst = other.company.join(id, guest)
  const closeSecond = other.company.join(id, guest)
  await expect.poll(async () => (await names(other.repls, ada))?.toSorted(), SOON).toEqual(['Grace', 'Guest'])
  expect((await names(b.domain.repls, grace))?.toSorted()).toEqual(['Ada', 'Guest'])
  closeFirst()
  leaveByGrace()
  await expect.poll(() => names(b.domain.repls, ada), SOON).toEqual(['Guest'])
  closeSecond()
  await expect.poll(() => names(b.domain.repls, ada), SOON).toBeUndefined()
})

test('whom a control plane that died had written down is forgotten', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const id = await running(b)
  const other = await b.another()
  other.company.join(id, grace)
  await expect.poll(() => names(b.domain.repls, ada), SOON).toEqual(['Grace'])
  other.company[Symbol.dispose]()
  b.advance(COMPANY_KEEP_MS)
  expect(await names(b.domain.repls, ada)).toBeUndefined()
})

test('a record that this version cannot read names nobody, and is written anew', async () => {
  await using b = await openTestBed(openSqliteStateStore)
  const id = await running(b)
  await b.stateStore.put(`company:${id}`, { form: 2 }, { expected: 'absent' })
  expect(await names(b.domain.repls, ada)).toBeUndefined()
  b.domain.company.join(id, grace)
  await expect.poll(() => names(b.domain.repls, ada), SOON).toEqual(['Grace'])
})
