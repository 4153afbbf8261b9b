import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLog } from '#server/log.ts'
import { between } from '#server/repls/_between.ts'
import { eventually } from '#server/repls/_domain.ts'
import { keepLease } from '#server/repls/keep-lease.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import type { Lease } from '#server/state-store/state-store.ts'

const LEASE_MS = 1500

/** A lease that is kept, over a store that it can be cut off from. */
async function keptLease() {
  await using opened = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), 'devex-lease-'))
  opened.defer(() => rmSync(folder, { recursive: true }))
  const way = between(opened.use(await openSqliteStateStore({ file: join(folder, 'state.sqlite') })))
  const lease = await way.store.lease('drive:it', LEASE_MS)
  if (lease === undefined) throw new Error('there is no lease')
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'text', write: (line) => lines.push(line) })
  let renewals = 0
  const counted: Lease = {
    fence: lease.fence,
    renew: async () => {
      const isHeld = await lease.renew()
      renewals += 1
      return isHeld
    },
    [Symbol.asyncDispose]: async () => lease[Symbol.asyncDispose](),
  }
  const kept = opened.use(keepLease(counted, { ms: LEASE_MS, log }))
  const owned = opened.move()
  return { way, lost: kept.lost, lines, renewals: () => renewals, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

test('D2: a lease that cannot be renewed is lost when its time is over, however often that was tried', async () => {
  await using lease = await keptLease()
  const since = performance.now()
  lease.way.cut('renew')
  await once(lease.lost, 'abort')
  expect(performance.now() - since).toBeLessThan(2 * LEASE_MS)
  expect(lease.lines.join('\n')).toContain('could not be renewed')
})

test('a lease that is renewed again after a failure outlives its time', async () => {
  await using lease = await keptLease()
  lease.way.cut('renew')
  await eventually(() => lease.lines).toHaveLength(1)
  lease.way.mend()
  // Three of them last as long as it does.
  await eventually(lease.renewals).toBeGreaterThan(5)
  expect(lease.lost.aborted).toBe(false)
  expect(await lease.way.store.lease('drive:it', LEASE_MS)).toBeUndefined()
})
