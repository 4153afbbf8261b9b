import { describe, expect, test, vi } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { eventually, openTestBed, reached, sweepIdle, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { World } from '#server/repls/_stand-ins.ts'
import type { Domain, DomainLimits } from '#server/repls/create-repls.ts'
import {
  LISTEN_MS,
  ORPHAN_GRACE_MS,
  RESTORE_WINDOW_MS,
  SPARE_UP_LIMIT_MS,
  SWEEP_EVERY_MS,
} from '#server/repls/limits.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }
const LIMITS = { memoryBytes: 1, cpus: 1, processes: 1, diskBytes: 1 }

const bed = (limits: Partial<DomainLimits> = {}) => openTestBed(openSqliteStateStore, { limits })

async function runningRepl({ domain }: TestBed): Promise<string> {
  const { id } = await domain.repls.create(ada, NODE)
  await reached(domain, ada, { replId: id, kinds: ['running'] })
  return id
}

/** What the sandbox of a repl in its first generation shows with its reports. */
function claimsOf({ world }: TestBed, repl: string) {
  return { aud: 'control-plane' as const, repl, generation: 1, sandbox: world.machineOf(repl).sandbox.id }
}

describe('a control plane that dies', () => {
  test('mid-start: another finishes the same start in the same sandbox', async () => {
    await using b = await bed()
    const release = b.world.hold('adopt')
    const { id } = await b.domain.repls.create(ada, NODE)
    await eventually(() => b.world.count('adopt')).toBe(1)
    await b.domain[Symbol.asyncDispose]()
    expect(b.world.machines.size).toBe(1)
    release()
    const other = await b.another()
    const view = await reached(other, ada, { replId: id, kinds: ['running'] })
    expect(view.generation).toBe(1)
    expect(b.world.machines.size).toBe(1)
    expect(b.world.count('create')).toBe(2)
  })

  test('mid-start before a sandbox was made: another makes the one that the record names', async () => {
    await using b = await bed()
    const release = b.world.hold('create')
    const { id } = await b.domain.repls.create(ada, NODE)
    await eventually(() => b.world.count('create')).toBe(1)
    const named = b.world.calls.find(({ call }) => call === 'create')?.id
    await b.domain[Symbol.asyncDispose]()
    release()
    const other = await b.another()
    await reached(other, ada, { replId: id, kinds: ['running'] })
    expect([...b.world.machines.keys()]).toEqual([named])
  })

  test('mid-stop: another saves, and only then removes', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    b.world.machineOf(id).work = 'not yet saved'
    const release = b.world.hold('stop')
    await b.domain.repls.stop(ada, id)
    await eventually(() => b.world.count('stop')).toBe(1)
    await b.domain[Symbol.asyncDispose]()
    expect(b.world.machines.size).toBe(1)
    release()
    const other = await b.another()
    await reached(other, ada, { replId: id, kinds: ['stopped'] })
    expect(b.world.saved.get(id)).toBe('not yet saved')
    expect(b.world.machines.size).toBe(0)
  })

  test('while repls run: they go on', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain[Symbol.asyncDispose]()
    const other = await b.another()
    await other.sweeper.sweep()
    expect(await other.lifecycle.running(id)).toEqual({ sandboxId: b.world.machineOf(id).sandbox.id, generation: 1 })
    expect(b.world.count('adopt')).toBe(1)
  })
})

describe('records and reality', () => {
  test('L14: a sandbox that no record names is removed', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const stray = newSandboxId()
    await b.world.orchestrator.create(stray, { template: 'node', limits: LIMITS })
    await b.world.orchestrator.label(stray, { replId: 'a000000000000000', generation: 4 })
    await b.domain.sweeper.sweep()
    expect([...b.world.machines.keys()]).toEqual([b.world.machineOf(id).sandbox.id])
  })

  test('L14: a running repl whose sandbox is gone says so, and starts again from its last save', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    b.world.lose(b.world.machineOf(id).sandbox.id)
    const { state } = await reached(b.domain, ada, { replId: id, kinds: ['failed'] })
    expect(state).toMatchObject({ during: 'run', error: { code: 'gone' }, exits: ['retry-start', 'delete'] })
    const woken = await b.domain.lifecycle.ensureRunning(id, AbortSignal.timeout(5000))
    expect(woken.generation).toBe(2)
  })

  test('repls whose sandboxes are not on the list yet are asked for together, and go on', async () => {
    await using b = await bed()
    const ids = await Promise.all([runningRepl(b), runningRepl(b), runningRepl(b)])
    const { orchestrator } = b.world
    const get = orchestrator.get.bind(orchestrator)
    let asked = 0
    const all = Promise.withResolvers<void>()
    // As an orchestrator that has yet to hear of them; an answer comes when all three were asked for.
    vi.spyOn(orchestrator, 'list').mockResolvedValue([])
    vi.spyOn(orchestrator, 'get').mockImplementation(async (sandboxId) => {
      asked += 1
      if (asked >= ids.length) all.resolve()
      await all.promise
      return await get(sandboxId)
    })
    await b.domain.sweeper.sweep()
    expect(asked).toBeGreaterThanOrEqual(ids.length)
    for (const id of ids) expect((await b.domain.repls.get(ada, id)).state.kind).toBe('running')
  })

  test('a sandbox that was missing for a while is taken back with its work, never removed', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const machine = b.world.machineOf(id)
    machine.work = 'not in any snapshot'
    b.world.machines.delete(machine.sandbox.id)
    await b.domain.sweeper.sweep()
    expect((await b.domain.repls.get(ada, id)).state).toMatchObject({ kind: 'failed', during: 'run' })
    b.world.machines.set(machine.sandbox.id, machine)
    await b.domain.sweeper.sweep()
    const view = await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(view.generation).toBe(1)
    expect(b.world.machineOf(id).work).toBe('not in any snapshot')
    expect(b.world.count('remove')).toBe(0)
  })

  test('a sandbox that is newer than its record, as after a store was brought back, is taken back with its work', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const machine = b.world.machineOf(id)
    await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
    machine.work = 'of generation 5'
    machine.sandbox = { ...machine.sandbox, label: { replId: id, generation: 5 } }
    b.world.machines.set(machine.sandbox.id, machine)
    const removed = b.world.count('remove')
    await b.domain.sweeper.sweep()
    const view = await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(view.generation).toBe(5)
    expect(b.world.machineOf(id).work).toBe('of generation 5')
    expect(b.world.count('remove')).toBe(removed)
  })

  test('a sandbox that is older than the store is kept, though no record names it: the store was emptied', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const { sandbox } = b.world.machineOf(id)
    const { records } = await b.stateStore.list('')
    for (const { key, version } of records) await b.stateStore.delete(key, { version })
    await b.domain.sweeper.sweep()
    expect([...b.world.machines.keys()]).toContain(sandbox.id)
  })

  test('a dead runner is revived in the same generation, and the work stays', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const machine = b.world.machineOf(id)
    machine.work = 'in the editor'
    b.world.kill(machine.sandbox.id, 'runner')
    await eventually(() => b.world.count('revive')).toBe(1)
    const view = await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(view.generation).toBe(1)
    expect(b.world.machineOf(id)).toMatchObject({ work: 'in the editor', isOpen: true, isRunnerUp: true })
    expect(b.world.count('rescueSave')).toBe(0)
  })

  test('a dead sidecar is started anew without restoring over newer work', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const machine = b.world.machineOf(id)
    machine.work = 'newer than any snapshot'
    b.world.kill(machine.sandbox.id, 'sidecar')
    await eventually(() => b.world.count('rescueSave')).toBe(1)
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(b.world.machineOf(id).work).toBe('newer than any snapshot')
  })

  test('a sandbox that cannot be revived is kept, with only the exits that lose nothing', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    b.world.break('revive', new AppError('unavailable', 'no memory left'))
    b.world.kill(b.world.machineOf(id).sandbox.id, 'runner')
    const { state } = await reached(b.domain, ada, { replId: id, kinds: ['failed'] })
    expect(state).toMatchObject({
      during: 'run',
      error: { message: 'no memory left' },
      exits: ['retry-stop', 'resume'],
    })
    await b.domain.sweeper.sweep()
    expect(b.world.machines.size).toBe(1)
  })

  test('one record that cannot be put right does not keep the others from it', async () => {
    await using b = await bed()
    const first = await runningRepl(b)
    await b.domain.repls.delete(ada, first)
    const second = await runningRepl(b)
    b.world.break('purge')
    b.advance(RESTORE_WINDOW_MS + 1)
    await sweepIdle(b)
    await reached(b.domain, ada, { replId: second, kinds: ['stopped'] })
    expect(b.lines.join('\n')).toContain('could not put something right')
  })
})

describe('time', () => {
  test('an idle repl is saved and stopped; one that is used is not', async () => {
    await using b = await bed({ IDLE_STOP_MINUTES: 30 })
    const idle = await runningRepl(b)
    const used = await runningRepl(b)
    b.world.machineOf(idle).work = 'left open'
    b.advance(31 * 60_000)
    await b.domain.workspaceEvents.reported(claimsOf(b, used), { activeAt: b.now() - 1000 })
    await sweepIdle(b)
    await reached(b.domain, ada, { replId: idle, kinds: ['stopped'] })
    expect(b.world.saved.get(idle)).toBe('left open')
    expect((await b.domain.repls.get(ada, used)).state.kind).toBe('running')
  })

  /** Longer than a repl may be idle, and nobody to hear what sandboxes report. */
  const ABSENCE_MS = 31 * 60_000
  const absences: [string, (b: TestBed) => Promise<Domain>][] = [
    [
      'of the control plane',
      async (b) => {
        await b.domain[Symbol.asyncDispose]()
        b.advance(ABSENCE_MS)
        return await b.another()
      },
    ],
    [
      'of the machine, which slept',
      async (b) => {
        b.advance(ABSENCE_MS)
        return b.domain
      },
    ],
    [
      'of the store',
      async (b) => {
        const away = vi.spyOn(b.stateStore, 'lease').mockRejectedValue(new AppError('unavailable', 'It is away.'))
        for (let ms = 0; ms < ABSENCE_MS; ms += SWEEP_EVERY_MS) {
          b.advance(SWEEP_EVERY_MS)
          await expect(b.domain.sweeper.sweep()).rejects.toThrow('It is away.')
        }
        away.mockRestore()
        return b.domain
      },
    ],
  ]
  test.each(absences)('after an absence %s a repl that works can say so before it is idle', async (_of, absence) => {
    await using b = await bed({ IDLE_STOP_MINUTES: 30 })
    const [works, idle] = [await runningRepl(b), await runningRepl(b)]
    await b.domain.sweeper.sweep()
    const domain = await absence(b)
    await domain.sweeper.sweep()
    for (const id of [works, idle]) expect((await domain.repls.get(ada, id)).state.kind).toBe('running')
    await domain.workspaceEvents.reported(claimsOf(b, works), { activeAt: b.now() })
    b.advance(LISTEN_MS)
    await domain.sweeper.sweep()
    await reached(domain, ada, { replId: idle, kinds: ['stopped'] })
    expect((await domain.repls.get(ada, works)).state.kind).toBe('running')
  })

  test('a use right after the start is not written once more', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const versionNow = async () => (await b.stateStore.get(`repl:${id}`))?.version
    const before = await versionNow()
    b.domain.lifecycle.touch(id)
    await b.domain.sweeper.sweep()
    expect(await versionNow()).toBe(before)
  })

  test('a repl is as sleepy as its page says, unless somebody keeps it awake', async () => {
    await using b = await bed({ IDLE_STOP_MINUTES: 30 })
    const id = await runningRepl(b)
    const { sleepsAt } = await b.domain.repls.get(ada, id)
    expect((sleepsAt ?? 0) - b.now()).toBeGreaterThan(29 * 60_000)
    expect((sleepsAt ?? 0) - b.now()).toBeLessThanOrEqual(31 * 60_000)
    const { awakeUntil } = await b.domain.repls.keepAwake(ada, id, 120)
    expect((awakeUntil ?? 0) - b.now()).toBeGreaterThan(119 * 60_000)
    b.advance(60 * 60_000)
    await sweepIdle(b)
    expect((await b.domain.repls.get(ada, id)).state.kind).toBe('running')
    const sleepy = await b.domain.repls.keepAwake(ada, id, 0)
    expect(sleepy).not.toHaveProperty('awakeUntil')
    await sweepIdle(b)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
  })

  test('a touch keeps a repl from being idle', async () => {
    await using b = await bed({ IDLE_STOP_MINUTES: 30 })
    const id = await runningRepl(b)
    b.advance(31 * 60_000)
    const before = (await b.domain.repls.get(ada, id)).lastUsedAt
    b.domain.lifecycle.touch(id)
    await eventually(async () => (await b.domain.repls.get(ada, id)).lastUsedAt).toBeGreaterThan(before)
    await sweepIdle(b)
    expect((await b.domain.repls.get(ada, id)).state.kind).toBe('running')
  })

  test('a deleted repl can be restored for seven days, then everything of it goes', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain.repls.delete(ada, id)
    expect((await b.domain.repls.get(ada, id)).state.kind).toBe('deleted')
    await b.domain.repls.restore(ada, id)
    expect((await b.domain.repls.get(ada, id)).state.kind).toBe('stopped')
    await b.domain.repls.delete(ada, id)
    b.advance(RESTORE_WINDOW_MS - 60_000)
    await b.domain.sweeper.sweep()
    expect(b.world.saved.has(id)).toBe(true)
    b.advance(120_000)
    await b.domain.sweeper.sweep()
    expect(b.world.saved.has(id)).toBe(false)
    await expect(b.domain.repls.get(ada, id)).rejects.toMatchObject({ code: 'not_found' })
    expect((await b.stateStore.list('repl')).records).toEqual([])
  })

  test('D8: a purge that failed is done again', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain.repls.delete(ada, id)
    b.world.break('purge')
    b.advance(RESTORE_WINDOW_MS + 1)
    await b.domain.sweeper.sweep()
    await expect(b.domain.repls.restore(ada, id)).rejects.toMatchObject({ code: 'conflict' })
    b.world.mend('purge')
    await b.domain.sweeper.sweep()
    expect(b.world.saved.has(id)).toBe(false)
  })
})

test('each pass looks after the keys that a state store may have lost', async () => {
  await using b = await bed()
  const before = b.world.keysKept
  await b.domain.sweeper.sweep()
  // One of its own may be under way.
  expect(b.world.keysKept).toBeGreaterThan(before)
})

describe('spares', () => {
  test('one stands ready, a start takes it, and another is made when that start is over', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 1 })
    await eventually(() => b.world.machines.size).toBe(1)
    const [spare] = b.world.machines.keys()
    const id = await runningRepl(b)
    expect(b.world.machineOf(id).sandbox.id).toBe(spare)
    await eventually(() => b.world.machines.size).toBe(2)
    expect(b.world.labelled()).toHaveLength(1)
    expect(new Set(b.world.connectedAhead)).toEqual(new Set([spare]))
    const order = b.world.calls.map(({ call }) => call).filter((call) => call === 'create' || call === 'adopt')
    // Its own create joins the spare that is there.
    expect(order).toEqual(['create', 'create', 'adopt', 'create'])
  })

  test('survivors of a previous control plane are used', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 1 })
    await eventually(() => b.world.machines.size).toBe(1)
    const [spare] = b.world.machines.keys()
    await b.domain[Symbol.asyncDispose]()
    const other = await b.another()
    await eventually(() => b.world.count('list')).toBeGreaterThan(1)
    const { id } = await other.repls.create(ada, NODE)
    await reached(other, ada, { replId: id, kinds: ['running'] })
    expect(b.world.machineOf(id).sandbox.id).toBe(spare)
  })

  test('a spare that obeys another key than ours is removed, and a new sandbox taken', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 1 })
    await eventually(() => b.world.machines.size).toBe(1)
    const [spare] = b.world.machines.keys()
    b.world.break('adopt', new AppError('unauthenticated', 'This token is not valid here.'))
    const release = b.world.hold('remove')
    const { id } = await b.domain.repls.create(ada, NODE)
    await eventually(() => b.world.count('remove')).toBe(1)
    b.world.mend('adopt')
    release()
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(b.world.machineOf(id).sandbox.id).not.toBe(spare)
  })

  test('a spare that died unnoticed is not used', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 1 })
    await eventually(() => b.world.machines.size).toBe(1)
    const [[spare, machine] = []] = b.world.machines
    if (machine !== undefined) machine.isSidecarUp = false
    const id = await runningRepl(b)
    expect(b.world.machineOf(id).sandbox.id).not.toBe(spare)
  })

  test('a spare that could not be made is tried again later, and starts do without', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 1 })
    b.world.break('create')
    await b.domain.sweeper.sweep()
    b.world.mend('create')
    await runningRepl(b)
    expect(b.world.labelled()).toHaveLength(1)
  })

  test('a spare that another control plane took is left to it', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 1 })
    const other = await b.another()
    await eventually(() => b.world.machines.size).toBeGreaterThan(0)
    const made = await Promise.all([b.domain.repls.create(ada, NODE), other.repls.create(ada, NODE)])
    const views = await Promise.all(made.map(({ id }) => reached(b.domain, ada, { replId: id, kinds: ['running'] })))
    const sandboxes = views.map(({ id }) => b.world.machineOf(id).sandbox.id)
    expect(new Set(sandboxes).size).toBe(2)
  })

  test('more spares than wanted are removed once they are old enough', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 0 })
    await b.world.orchestrator.create(newSandboxId(), { template: 'empty', limits: LIMITS })
    await b.domain.sweeper.sweep()
    expect(b.world.machines.size).toBe(1)
    b.advance(ORPHAN_GRACE_MS + 1)
    await b.domain.sweeper.sweep()
    expect(b.world.machines.size).toBe(0)
  })

  test('one that never came up, its maker having died, makes way for another', async () => {
    const world = new World()
    const halfMade = newSandboxId()
    await world.orchestrator.create(halfMade, { template: 'empty', limits: LIMITS })
    for (const { sandbox } of world.machines.values()) sandbox.state = 'starting'
    await using b = await openTestBed(openSqliteStateStore, { world, limits: { SPARE_SANDBOXES: 1 } })
    b.advance(SPARE_UP_LIMIT_MS - 60_000)
    await b.domain.sweeper.sweep()
    expect([...world.machines.keys()]).toEqual([halfMade])
    b.advance(60_000)
    await b.domain.sweeper.sweep()
    await eventually(() => [...world.machines.values()].map(({ sandbox }) => sandbox.state)).toEqual(['up'])
    expect(world.machines.has(halfMade)).toBe(false)
  })

  test('a start that takes one which is about to be removed comes about all the same', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 0 })
    const spare = newSandboxId()
    await b.world.orchestrator.create(spare, { template: 'empty', limits: LIMITS })
    b.advance(ORPHAN_GRACE_MS + 1)
    const release = b.world.hold('label')
    const sweeping = b.domain.sweeper.sweep()
    await eventually(() => b.world.count('label')).toBe(1)
    const { id } = await b.domain.repls.create(ada, NODE)
    await eventually(() => b.world.count('label')).toBe(2)
    release()
    await sweeping
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(b.world.machineOf(id).sandbox.id).not.toBe(spare)
    await eventually(() => b.world.machines.size).toBe(1)
  })

  test('stopAll saves and stops everything, removes the spares and refuses new starts', async () => {
    await using b = await bed({ SPARE_SANDBOXES: 1 })
    const ids = [await runningRepl(b), await runningRepl(b)]
    for (const id of ids) b.world.machineOf(id).work = `work in ${id}`
    await b.domain.lifecycle.stopAll()
    expect(b.world.machines.size).toBe(0)
    expect(ids.map((id) => b.world.saved.get(id))).toEqual(ids.map((id) => `work in ${id}`))
    await expect(b.domain.repls.start(ada, ids[0] ?? '')).rejects.toMatchObject({ code: 'unavailable' })
  })
})

describe('a repl that was made for a while', () => {
  test('is deleted with its sandbox when it stops, can be restored, and stays then', async () => {
    await using b = await bed()
    const { id } = await b.domain.repls.create(ada, { ...NODE, ephemeral: true })
    const made = await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    expect(made.isEphemeral).toBe(true)
    await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['deleted'] })
    expect(b.world.machines.size).toBe(0)
    expect(await b.domain.repls.restore(ada, id)).not.toHaveProperty('isEphemeral')
    await b.domain.repls.start(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
  })

  test('is deleted for want of use', async () => {
    await using b = await bed({ IDLE_STOP_MINUTES: 1 })
    const { id } = await b.domain.repls.create(ada, { ...NODE, ephemeral: true })
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    b.advance(61_000)
    await sweepIdle(b)
    await reached(b.domain, ada, { replId: id, kinds: ['deleted'] })
    expect(b.world.machines.size).toBe(0)
  })

  test.each(['running', 'stopped'] as const)('is deleted when its time is over, be it %s', async (kind) => {
    await using b = await bed()
    const { id, expiresAt } = await b.domain.repls.create(ada, { ...NODE, ttlMinutes: 5 })
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    if (kind === 'stopped') await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: [kind] })
    await b.domain.sweeper.sweep()
    expect((await b.domain.repls.get(ada, id)).state.kind).toBe(kind)
    b.advance((expiresAt ?? 0) - b.now() + 1)
    await b.domain.sweeper.sweep()
    await reached(b.domain, ada, { replId: id, kinds: ['deleted'] })
    expect(b.lines.join('\n')).toContain('deleting a REPL whose time is over')
  })

  test('stays once its owner keeps it, who alone may', async () => {
    await using b = await bed()
    const { id } = await b.domain.repls.create(ada, { ...NODE, ephemeral: true, ttlMinutes: 5 })
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    await expect(b.domain.repls.keep(user('Bob'), id)).rejects.toThrow('no such REPL')
    const view = await b.domain.repls.keep(ada, id)
    expect([view.isEphemeral, view.expiresAt]).toEqual([undefined, undefined])
    b.advance(6 * 60_000)
    await b.domain.sweeper.sweep()
    await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['stopped'] })
  })

  test('whose last save failed is kept for somebody to decide, whatever its time', async () => {
    await using b = await bed()
    const { id } = await b.domain.repls.create(ada, { ...NODE, ttlMinutes: 5 })
    await reached(b.domain, ada, { replId: id, kinds: ['running'] })
    b.world.break('stop', new AppError('unavailable', 'the store is away'))
    b.world.break('rescueSave', new AppError('unavailable', 'the store is away'))
    await b.domain.repls.stop(ada, id)
    await reached(b.domain, ada, { replId: id, kinds: ['failed'] })
    b.advance(6 * 60_000)
    await b.domain.sweeper.sweep()
    expect((await b.domain.repls.get(ada, id)).state.kind).toBe('failed')
    expect(b.world.machines.size).toBe(1)
  })
})
