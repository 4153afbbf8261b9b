import { expect, test } from 'vitest'
import { between } from '#server/repls/_between.ts'
import type { Between } from '#server/repls/_between.ts'
import { eventually, openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { DRIVE_LEASE_MS } from '#server/repls/limits.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }
/** The lease of one that is cut off must end before another goes on. */
const LIMIT_MS = 4 * DRIVE_LEASE_MS

/** A control plane that can be cut off from its state store, and only from that. */
async function severed(): Promise<TestBed & { way: Between }> {
  const ways: Between[] = []
  const bed = await openTestBed(async (options) => {
    const way = between(await openSqliteStateStore(options))
    ways.push(way)
    return way.store
  })
  const [way] = ways
  if (way === undefined) throw new Error('no store was opened')
  return { ...bed, way }
}

/** Created, and as far as the adoption, which waits until it is released. Adoptions after it do not wait. */
async function inAdoption({ world, domain }: TestBed): Promise<{ id: string; sandboxId: string; release: () => void }> {
  const release = world.hold('adopt')
  const { id } = await domain.repls.create(ada, NODE)
  await eventually(() => world.count('adopt')).toBe(1)
  world.hold('adopt')()
  return { id, sandboxId: world.machineOf(id).sandbox.id, release }
}

const logged = ({ lines }: TestBed, text: string) => eventually(() => lines.join('\n')).toContain(text)

test(
  'D2: one that is cut off while it starts a REPL leaves its sandbox to whoever goes on',
  { timeout: LIMIT_MS },
  async () => {
    await using b = await severed()
    const other = await b.another()
    const { id, sandboxId, release } = await inAdoption(b)
    b.way.cut()
    const running = await other.lifecycle.ensureRunning(id, AbortSignal.timeout(LIMIT_MS))
    expect(running).toEqual({ sandboxId, generation: 1 })
    b.world.machineOf(id).work = 'written meanwhile'
    release()
    await logged(b, 'driving a repl failed')
    expect(b.world.count('remove')).toBe(0)
    expect(b.world.machineOf(id).work).toBe('written meanwhile')
    expect(await other.lifecycle.running(id)).toEqual(running)
  },
)

test('D2: a start removes no sandbox before the record says that it failed', async () => {
  await using b = await severed()
  const { id, release } = await inAdoption(b)
  b.way.cut()
  release()
  await logged(b, 'driving a repl failed')
  expect(b.world.count('remove')).toBe(0)
  expect(b.world.machineOf(id).isOpen).toBe(true)
})

test('D2: a start whose last write took place without an answer runs', async () => {
  await using b = await severed()
  const { id, sandboxId, release } = await inAdoption(b)
  b.way.loseAnswers('transact')
  release()
  await logged(b, 'a start failed')
  // Waits for what is under way.
  await b.domain[Symbol.asyncDispose]()
  expect(b.world.count('remove')).toBe(0)
  expect(await b.domain.lifecycle.running(id)).toEqual({ sandboxId, generation: 1 })
})

test('D2: a write whose hint is lost is no failure', async () => {
  await using b = await severed()
  b.way.cut('publish')
  const { id } = await b.domain.repls.create(ada, NODE)
  await reached(b.domain, ada, { replId: id, kinds: ['running'] })
  expect(b.world.count('remove')).toBe(0)
  await b.domain.repls.stop(ada, id)
  await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
})
