import { describe, expect, test } from 'vitest'
import { AppError } from '#server/errors.ts'
import { eventually, openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import type { Call } from '#server/repls/_stand-ins.ts'
import type { DomainLimits } from '#server/repls/create-repls.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const NODE: CreateRepl = { source: { kind: 'template', template: 'node' } }
const GIT: CreateRepl = { source: { kind: 'git', url: 'https://example.com/ada/tool.git' } }

const bed = (limits: Partial<DomainLimits> = {}) => openTestBed(openSqliteStateStore, { limits })

async function runningRepl({ domain }: TestBed, input = NODE): Promise<string> {
  const { id } = await domain.repls.create(ada, input)
  await reached(domain, ada, { replId: id, kinds: ['running'] })
  return id
}

const settled = (
  b: TestBed,
  replId: string,
  kind: 'running' | 'stopped' | 'failed' | 'starting' | 'stopping' | 'deleted',
) => reached(b.domain, ada, { replId, kinds: [kind] })

describe('a life', () => {
  test('create answers at once, then runs; stop saves and removes; start brings the work back', async () => {
    await using b = await bed()
    const view = await b.domain.repls.create(ada, NODE)
    expect(view.state.kind).toBe('starting')
    expect(view).toMatchObject({
      name: 'Node.js',
      template: 'node',
      generation: 1,
      role: 'owner',
      owner: { name: 'Ada' },
    })
    await settled(b, view.id, 'running')
    b.world.machineOf(view.id).work = 'an evening of work'

    await b.domain.repls.stop(ada, view.id)
    await settled(b, view.id, 'stopped')
    expect(b.world.machines.size).toBe(0)
    expect(b.world.saved.get(view.id)).toBe('an evening of work')

    await b.domain.repls.start(ada, view.id)
    const again = await settled(b, view.id, 'running')
    expect(again.generation).toBe(2)
    expect(b.world.machineOf(view.id).work).toBe('an evening of work')
  })

  test('the phases of a start are shown while it goes on', async () => {
    await using b = await bed()
    const release = b.world.hold('adopt')
    const { id } = await b.domain.repls.create(ada, NODE)
    await eventually(async () => {
      const { state } = await b.domain.repls.get(ada, id)
      return state.kind === 'starting' ? state.phases.map(({ name }) => name) : state.kind
    }).toEqual(expect.arrayContaining(['open']))
    release()
    await settled(b, id, 'running')
  })

  test('concurrent starts join: one sandbox, one generation', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    const before = b.world.count('create')
    const signal = AbortSignal.timeout(5000)
    const all = await Promise.all([
      ...Array.from({ length: 5 }, () => b.domain.lifecycle.ensureRunning(id, signal)),
      b.domain.repls.start(ada, id).then(() => b.domain.lifecycle.ensureRunning(id, signal)),
    ])
    expect(new Set(all.map(({ sandboxId }) => sandboxId)).size).toBe(1)
    expect(all[0]?.generation).toBe(2)
    expect(b.world.count('create') - before).toBe(1)
  })

  test('two control planes start a repl once', async () => {
    await using b = await bed()
    const other = await b.another()
    const id = await runningRepl(b)
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    const before = b.world.count('create')
    const signal = AbortSignal.timeout(8000)
    const [one, two] = await Promise.all([
      b.domain.lifecycle.ensureRunning(id, signal),
      other.lifecycle.ensureRunning(id, signal),
    ])
    expect(one).toEqual(two)
    expect(b.world.count('create') - before).toBe(1)
    expect(b.world.labelled()).toHaveLength(1)
  })

  test('stop during a start calls it off and leaves nothing', async () => {
    await using b = await bed()
    const release = b.world.hold('adopt')
    const { id } = await b.domain.repls.create(ada, NODE)
    await eventually(() => b.world.count('adopt')).toBe(1)
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    expect(b.world.machines.size).toBe(0)
    expect(b.world.count('stop')).toBe(0)
    release()
  })

  test('D6: start during a stop waits for the save and then starts with every byte', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    b.world.machineOf(id).work = 'saved late'
    const release = b.world.hold('stop')
    await b.domain.repls.stop(ada, id)
    await eventually(() => b.world.count('stop')).toBe(1)
    const view = await b.domain.repls.start(ada, id)
    expect(view.state.kind).toBe('stopping')
    release()
    const running = await settled(b, id, 'running')
    expect(running.generation).toBe(2)
    expect(b.world.machineOf(id).work).toBe('saved late')
  })

  test('D3: two parallel stops are one save, and the sandbox goes after it', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const release = b.world.hold('stop')
    await Promise.all([b.domain.repls.stop(ada, id), b.domain.repls.stop(ada, id)])
    await eventually(() => b.world.count('stop')).toBe(1)
    expect(b.world.count('remove')).toBe(0)
    release()
    await settled(b, id, 'stopped')
    expect(b.world.calls.filter(({ call }) => call === 'stop' || call === 'remove').map(({ call }) => call)).toEqual([
      'stop',
      'remove',
    ])
  })
})

describe('failures', () => {
  test('each is offered the ways out that they may take', async () => {
    await using b = await bed()
    b.world.break('create', new AppError('unavailable', 'no room'))
    const { id } = await b.domain.repls.create(ada, NODE)
    await settled(b, id, 'failed')
    for (const [role, exits] of [
      ['editor', ['retry-start']],
      ['viewer', []],
    ] as const) {
      const who = user(role)
      const { token } = await b.domain.shares.create(ada, id, { role, allowSignedOut: false })
      await b.domain.shares.redeem(who, token)
      expect((await b.domain.repls.get(who, id)).state).toMatchObject({ kind: 'failed', exits })
    }
  })

  test.each<Call>(['create', 'label', 'portOf', 'adopt'])(
    'L5: a start whose %s fails says why, leaves no sandbox, and can be tried again',
    async (call) => {
      await using b = await bed()
      b.world.break(call, new AppError('unavailable', `${call} is broken`, { advice: 'Mend it.' }))
      const { id } = await b.domain.repls.create(ada, NODE)
      const { state } = await settled(b, id, 'failed')
      expect(state).toMatchObject({
        during: 'start',
        error: { code: 'unavailable', message: `${call} is broken`, advice: 'Mend it.' },
        exits: ['retry-start', 'delete'],
      })
      b.world.mend(call)
      await b.domain.sweeper.sweep()
      expect(b.world.machines.size).toBe(0)
      await b.domain.repls.start(ada, id)
      const again = await settled(b, id, 'running')
      expect(again.generation).toBe(2)
      expect(b.world.machines.size).toBe(1)
    },
  )

  test('L5: an unexpected fault shows nothing of the server’s insides', async () => {
    await using b = await bed()
    b.world.break('adopt', new TypeError('secret path /etc/x'))
    const { id } = await b.domain.repls.create(ada, NODE)
    const { state } = await settled(b, id, 'failed')
    expect(state).toMatchObject({ error: { code: 'internal' } })
    expect(JSON.stringify(state)).not.toContain('secret')
    expect(b.lines.join('\n')).toContain('secret path')
  })

  test('D1: a failed last save keeps the sandbox, offers only retry and resume, and the retry saves', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    b.world.machineOf(id).work = 'precious'
    b.world.break('stop', new AppError('unavailable', 'The store is out of reach.'))
    await b.domain.repls.stop(ada, id)
    const { state } = await settled(b, id, 'failed')
    expect(state).toMatchObject({
      during: 'stop',
      error: { message: 'The store is out of reach.' },
      exits: ['retry-stop', 'resume'],
    })
    expect(b.world.count('remove')).toBe(0)
    expect(b.world.count('rescueSave')).toBe(0)
    await expect(b.domain.repls.delete(ada, id)).rejects.toMatchObject({ code: 'unavailable' })
    expect(b.world.machineOf(id).work).toBe('precious')

    b.world.mend('stop')
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    expect(b.world.saved.get(id)).toBe('precious')
    expect(b.world.machines.size).toBe(0)
  })

  test('a failed save can be resumed: the same generation in the same sandbox', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const { sandbox } = b.world.machineOf(id)
    b.world.machineOf(id).work = 'precious'
    b.world.break('stop')
    b.world.break('head')
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'failed')
    await b.domain.repls.start(ada, id)
    const view = await settled(b, id, 'running')
    expect(view.generation).toBe(1)
    expect(b.world.machineOf(id)).toMatchObject({ sandbox: { id: sandbox.id }, work: 'precious', isOpen: true })
    expect(b.world.adoptions.at(-1)).toMatchObject({ generation: 1, sandbox: sandbox.id })
  })

  test('a stop whose sidecar died starts it anew on the same volume and saves', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const { sandbox } = b.world.machineOf(id)
    b.world.machineOf(id).work = 'nearly lost'
    const release = b.world.hold('stop')
    await b.domain.repls.stop(ada, id)
    await eventually(() => b.world.count('stop')).toBe(1)
    b.world.kill(sandbox.id, 'sidecar')
    release()
    await settled(b, id, 'stopped')
    expect(b.world.count('rescueSave')).toBe(1)
    expect(b.world.saved.get(id)).toBe('nearly lost')
  })

  test('a stop whose sidecar died and cannot be started anew keeps the sandbox and says why', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const machine = b.world.machineOf(id)
    machine.work = 'on the volume'
    b.world.break('rescueSave', new AppError('unavailable', 'no memory left'))
    const release = b.world.hold('stop')
    await b.domain.repls.stop(ada, id)
    await eventually(() => b.world.count('stop')).toBe(1)
    machine.isSidecarUp = false
    release()
    const { state } = await settled(b, id, 'failed')
    expect(state).toMatchObject({
      during: 'stop',
      error: { message: 'no memory left' },
      exits: ['retry-stop', 'resume'],
    })
    await b.domain.sweeper.sweep()
    expect(b.world.machineOf(id).work).toBe('on the volume')
    b.world.mend('rescueSave')
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    expect(b.world.saved.get(id)).toBe('on the volume')
  })

  test('a stop that broke off between starting the sidecar anew and adopting it can be retried', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const machine = b.world.machineOf(id)
    machine.work = 'on the volume'
    b.world.break('adopt')
    const release = b.world.hold('stop')
    await b.domain.repls.stop(ada, id)
    await eventually(() => b.world.count('stop')).toBe(1)
    machine.isSidecarUp = false
    release()
    await settled(b, id, 'failed')
    expect(machine).toMatchObject({ isSidecarUp: true, work: 'on the volume' })
    expect(machine.adopted).toBeUndefined()

    b.world.mend('adopt')
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    expect(b.world.saved.get(id)).toBe('on the volume')
    expect(b.world.count('rescueSave')).toBe(1)
  })

  test('a stop that its sidecar keeps refusing is not repeated without end', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    b.world.break('stop', new AppError('conflict', 'The workspace has another head than this save follows.'))
    await b.domain.repls.stop(ada, id)
    const { state } = await settled(b, id, 'failed')
    expect(state).toMatchObject({ during: 'stop', error: { code: 'conflict' }, exits: ['retry-stop', 'resume'] })
    expect(b.world.count('stop')).toBeLessThanOrEqual(3)
    expect(b.world.machines.size).toBe(1)
  })

  test('an endless reason from a sandbox is cut', async () => {
    await using b = await bed()
    b.world.break('adopt', new AppError('not_found', 'remote: '.padEnd(1_000_000, 'x')))
    const { id } = await b.domain.repls.create(ada, GIT)
    const { state } = await settled(b, id, 'failed')
    expect(JSON.stringify(state).length).toBeLessThan(5_000)
  })

  test('D4: a stop with no sandbox reports the truth', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    const { sandbox } = b.world.machineOf(id)
    const release = b.world.hold('stop')
    await b.domain.repls.stop(ada, id)
    await eventually(() => b.world.count('stop')).toBe(1)
    b.world.lose(sandbox.id)
    release()
    const { state } = await settled(b, id, 'failed')
    expect(state).toMatchObject({ during: 'stop', error: { code: 'gone' }, exits: ['retry-start', 'delete'] })
  })

  test('a sandbox that cannot be removed after its save is left to the sweeper', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    b.world.break('remove')
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    expect(b.world.machines.size).toBe(1)
    b.world.mend('remove')
    await b.domain.sweeper.sweep()
    expect(b.world.machines.size).toBe(0)
  })
})

describe('waking', () => {
  test('ensureRunning starts a sleeping repl; running never does', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    expect(await b.domain.lifecycle.running(id)).toBeUndefined()
    const woken = await b.domain.lifecycle.ensureRunning(id, AbortSignal.timeout(5000))
    expect(woken).toEqual({ sandboxId: b.world.machineOf(id).sandbox.id, generation: 2 })
    expect(await b.domain.lifecycle.running(id)).toEqual(woken)
  })

  test('what connects again by itself while a repl stops does not undo the stop', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain.repls.stop(ada, id)
    await expect(b.domain.lifecycle.ensureRunning(id, AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('stopping'),
    })
    await settled(b, id, 'stopped')
  })

  test('who needs it while it stops gets it started again after its stop', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain.repls.stop(ada, id)
    const woken = await b.domain.lifecycle.ensureRunning(id, AbortSignal.timeout(5000), { isMeant: true })
    expect(woken).toEqual({ sandboxId: b.world.machineOf(id).sandbox.id, generation: 2 })
    expect(b.world.count('create')).toBe(2)
  })

  test('a record that is behind its snapshot, as after the store was brought back, starts at the second try', async () => {
    await using b = await bed()
    const id = await runningRepl(b)
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    b.world.headGenerations.set(id, 5)
    b.world.break('adopt', new AppError('conflict', 'Generation 2 of this repl is over.'))
    await b.domain.repls.start(ada, id)
    await settled(b, id, 'failed')
    expect((await b.domain.repls.get(ada, id)).state).toMatchObject({
      during: 'start',
      error: { advice: expect.stringContaining('Start it again') },
    })
    b.world.mend('adopt')
    await b.domain.repls.start(ada, id)
    await settled(b, id, 'running')
    expect((await b.domain.repls.get(ada, id)).generation).toBe(6)
  })

  test('ensureRunning of a failed start says why and does not start it over and over', async () => {
    await using b = await bed()
    b.world.break('adopt', new AppError('not_found', 'No such repository.'))
    const { id } = await b.domain.repls.create(ada, GIT)
    await settled(b, id, 'failed')
    const before = b.world.count('create')
    await expect(b.domain.lifecycle.ensureRunning(id, AbortSignal.timeout(5000))).rejects.toMatchObject({
      code: 'unavailable',
      message: 'No such repository.',
    })
    expect(b.world.count('create')).toBe(before)
  })

  test('an unknown repl is not found', async () => {
    await using b = await bed()
    await expect(b.domain.lifecycle.ensureRunning('a234567890123456', AbortSignal.timeout(100))).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('from Git', () => {
  test('the first start clones, a later one restores; the template is guessed from the files', async () => {
    await using b = await bed()
    b.world.cloneNames = ['README.md', 'package.json']
    const id = await runningRepl(b, { source: { kind: 'git', url: 'https://example.com/ada/tool.git', branch: 'dev' } })
    expect(b.world.adoptions[0]).toMatchObject({
      restore: false,
      clone: { url: 'https://example.com/ada/tool.git', branch: 'dev' },
      run: { command: '' },
      runGuesses: [{ file: 'package.json', command: 'npm start', port: 3000 }],
    })
    const view = await b.domain.repls.get(ada, id)
    expect(view).toMatchObject({ name: 'tool', template: 'node' })
    await b.domain.repls.stop(ada, id)
    await settled(b, id, 'stopped')
    await b.domain.repls.start(ada, id)
    await settled(b, id, 'running')
    expect(b.world.adoptions[1]).toMatchObject({ restore: true, run: { command: 'npm start', port: 3000 } })
    expect(b.world.adoptions[1]).not.toHaveProperty('clone')
  })

  test('a clone that was never saved is cloned again; where that cannot be known, the start fails with a way out', async () => {
    await using b = await bed()
    const id = await runningRepl(b, GIT)
    b.world.lose(b.world.machineOf(id).sandbox.id)
    await settled(b, id, 'failed')
    b.world.break('head', new AppError('unavailable', 'The store is out of reach.'))
    await b.domain.repls.start(ada, id)
    await eventually(async () => (await b.domain.repls.get(ada, id)).state).toMatchObject({
      during: 'start',
      error: { message: 'The store is out of reach.' },
      exits: ['retry-start', 'delete'],
    })
    expect(b.world.machines.size).toBe(0)
    b.world.mend('head')
    await b.domain.repls.start(ada, id)
    await settled(b, id, 'running')
    expect(b.world.adoptions.at(-1)).toMatchObject({ restore: false, generation: 3 })
  })

  test('a clone that was never saved is asked for again with a resume: its volume may be lost; where that cannot be known, live work goes on', async () => {
    await using b = await bed()
    const id = await runningRepl(b, GIT)
    const resume = async () => {
      await b.domain.repls.start(ada, id)
      await settled(b, id, 'running')
      return b.world.adoptions.at(-1)
    }
    const failToStop = async () => {
      b.world.break('stop')
      await b.domain.repls.stop(ada, id)
      await settled(b, id, 'failed')
      b.world.mend('stop')
    }
    await failToStop()
    expect(await resume()).toMatchObject({ generation: 1, restore: false, clone: {} })
    await failToStop()
    b.world.break('head', new AppError('unavailable', 'The store is out of reach.'))
    const adoption = await resume()
    expect(adoption).toMatchObject({ generation: 1, restore: true })
    expect(adoption).not.toHaveProperty('clone')
  })

  test('a failed clone says why, and a retry clones again', async () => {
    await using b = await bed()
    b.world.break('adopt', new AppError('not_found', 'remote: Repository not found.'))
    const { id } = await b.domain.repls.create(ada, GIT)
    const { state } = await settled(b, id, 'failed')
    expect(state).toMatchObject({
      during: 'start',
      error: { message: 'remote: Repository not found.' },
      exits: ['retry-start', 'delete'],
    })
    b.world.mend('adopt')
    await b.domain.repls.start(ada, id)
    await settled(b, id, 'running')
    expect(b.world.adoptions.at(-1)).toMatchObject({
      restore: false,
      clone: { url: GIT.source.kind === 'git' && GIT.source.url },
    })
  })

  test('an address with a password in it is refused', async () => {
    await using b = await bed()
    await expect(
      b.domain.repls.create(ada, { source: { kind: 'git', url: 'https://ada:pass@example.com/x' } }),
    ).rejects.toMatchObject({ code: 'bad_request' })
    expect(await b.domain.repls.list(ada)).toEqual([])
  })
})
