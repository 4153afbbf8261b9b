import { afterEach, describe, expect, test } from 'vitest'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { CONTRACT_LIMITS, POLL, ask, shell, shellIn } from './_stand-in-client.ts'
import type { Observation, Orchestrator, Sandbox } from './orchestrator.ts'

/**
 * The suite that every orchestrator passes. `open` gives a fresh one, whose sandboxes run the stand-in parts.
 * `toolchains`: whose they are; images bring their own, so that there is nothing to look for.
 */
export function describeOrchestrator(
  name: string,
  open: () => Promise<Orchestrator>,
  { toolchains = 'machine' }: { toolchains?: 'machine' | 'image' } = {},
): void {
  describe(`orchestrator contract: ${name}`, () => {
    const opened: Orchestrator[] = []

    async function start(): Promise<Orchestrator> {
      const orchestrator = await open()
      opened.push(orchestrator)
      return orchestrator
    }

    /** A sandbox whose runner answers too: `create` waits for the sidecar only. */
    async function make(orchestrator: Orchestrator): Promise<string> {
      const id = newSandboxId()
      await orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })
      await expect
        .poll(() => ask(orchestrator, { sandboxId: id, part: 'runner', path: '/health' }).catch(() => undefined), POLL)
        .toMatchObject({ status: 200 })
      return id
    }

    afterEach(async () => {
      for (const orchestrator of opened.splice(0)) {
        for (const { id } of await orchestrator.list()) await orchestrator.remove(id)
        await orchestrator[Symbol.asyncDispose]()
      }
    })

    test('makes a sandbox whose parts answer', async () => {
      const orchestrator = await start()
      const before = Date.now()
      const id = await make(orchestrator)
      const [sandbox] = await orchestrator.list()
      expect(sandbox).toEqual({ id, template: 'node', state: 'up', createdAt: expect.any(Number) })
      expect(sandbox?.createdAt).toBeGreaterThanOrEqual(before)
      expect((await ask(orchestrator, { sandboxId: id, part: 'sidecar', path: '/health' })).status).toBe(200)
      expect((await ask(orchestrator, { sandboxId: id, part: 'runner', path: '/health' })).status).toBe(200)
    })

    test('creating the same id again joins', async () => {
      const orchestrator = await start()
      const id = newSandboxId()
      const options = { template: 'node', limits: CONTRACT_LIMITS }
      await Promise.all([orchestrator.create(id, options), orchestrator.create(id, options)])
      await orchestrator.create(id, options)
      expect((await orchestrator.list()).map((sandbox) => sandbox.id)).toEqual([id])
    })

    test('makes several at a time', async () => {
      const orchestrator = await start()
      const ids = await Promise.all([make(orchestrator), make(orchestrator), make(orchestrator)])
      const all = await orchestrator.list()
      expect(all.map((sandbox) => sandbox.id).sort()).toEqual(ids.sort())
      expect(all.map((sandbox) => sandbox.state)).toEqual(['up', 'up', 'up'])
    })

    test('an aborted create leaves nothing behind', async () => {
      const orchestrator = await start()
      const controller = new AbortController()
      const id = newSandboxId()
      const creating = orchestrator.create(id, {
        template: 'node',
        limits: CONTRACT_LIMITS,
        signal: controller.signal,
      })
      const seen = watch(orchestrator)
      await seen.until((observation) => observation.kind === 'sandbox')
      controller.abort(new Error('changed my mind'))
      await expect(creating).rejects.toThrow('changed my mind')
      expect(await orchestrator.list()).toEqual([])
      await seen.stop()
    })

    test('runner and sidecar share the workspace', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      await expectShell(orchestrator, id, 'echo kept > "$WORKSPACE_DIR/note"')
      const read = await shellIn(orchestrator, {
        sandboxId: id,
        part: 'sidecar',
        command: 'cat "$VOLUME_DIR/workspace/note"',
      })
      expect(read).toEqual({ code: 0, output: 'kept\n' })
    })

    test('a label is written once; another one is a conflict', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      const label = { replId: newId(), generation: 3 }
      await orchestrator.label(id, label)
      await orchestrator.label(id, label)
      await expect(orchestrator.label(id, { ...label, generation: 4 })).rejects.toMatchObject({ code: 'conflict' })
      await expect(orchestrator.label(id, { ...label, replId: newId() })).rejects.toMatchObject({ code: 'conflict' })
      expect((await orchestrator.list())[0]?.label).toEqual(label)
    })

    test('two labels at once: one wins', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      const labels = [
        { replId: newId(), generation: 1 },
        { replId: newId(), generation: 1 },
      ]
      const results = await Promise.allSettled(labels.map((label) => orchestrator.label(id, label)))
      expect(results.map((result) => result.status).sort()).toEqual(['fulfilled', 'rejected'])
    })

    test('observers see what is there, what comes, dies and goes', async () => {
      const orchestrator = await start()
      const first = await make(orchestrator)
      const seen = watch(orchestrator)
      await seen.until(isState(first, 'up'))
      const second = await make(orchestrator)
      await seen.until(isState(second, 'up'))
      await killRunner(orchestrator, second)
      await seen.until(isState(second, 'dead'))
      await orchestrator.remove(second)
      await seen.until((observation) => observation.kind === 'removed' && observation.sandboxId === second)
      await seen.stop()
      expect((await orchestrator.list()).map((sandbox) => sandbox.id)).toEqual([first])
    })

    test('a slow observer is told the newest state only', async () => {
      const orchestrator = await start()
      const controller = new AbortController()
      const observing = orchestrator.observe(controller.signal)[Symbol.asyncIterator]()
      const pending = observing.next()
      const id = await make(orchestrator)
      await pending
      await orchestrator.remove(id)
      expect(await observing.next()).toEqual({ done: false, value: { kind: 'removed', sandboxId: id } })
      controller.abort()
      expect(await observing.next()).toEqual({ done: true, value: undefined })
    })

    test('S10: a killed runner is noticed and revived with its files', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      await expectShell(orchestrator, id, 'echo precious > "$WORKSPACE_DIR/work"')
      await killRunner(orchestrator, id)
      await expect.poll(async () => (await only(orchestrator)).state, POLL).toBe('dead')
      const dead = await only(orchestrator)
      expect(dead.deadParts).toEqual(['runner'])
      expect(dead.reason).toContain('runner')
      expect((await ask(orchestrator, { sandboxId: id, part: 'sidecar', path: '/health' })).status).toBe(200)
      await expect(orchestrator.dial(id, 'runner')).rejects.toMatchObject({ code: 'unavailable' })
      await orchestrator.revive(id)
      expect((await only(orchestrator)).state).toBe('up')
      expect(await shell(orchestrator, id, 'cat "$WORKSPACE_DIR/work"')).toEqual({ code: 0, output: 'precious\n' })
    })

    test('a dead sidecar is started anew on the same volume, beside the same runner', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      await expectShell(orchestrator, id, 'echo unsaved > "$WORKSPACE_DIR/work"')
      const { output: runner } = await shell(orchestrator, id, 'echo $PPID')
      await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command: 'kill -9 $PPID' }).catch(() => {})
      await expect.poll(async () => (await only(orchestrator)).deadParts, POLL).toEqual(['sidecar'])
      await orchestrator.rescueSave(id)
      expect((await only(orchestrator)).state).toBe('up')
      const saved = await shellIn(orchestrator, {
        sandboxId: id,
        part: 'sidecar',
        command: 'cat "$VOLUME_DIR/workspace/work"',
      })
      expect(saved.output).toBe('unsaved\n')
      expect((await shell(orchestrator, id, 'echo $PPID')).output).toBe(runner)
    })

    test('both parts can be brought back at once', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      await expectShell(orchestrator, id, 'echo precious > "$WORKSPACE_DIR/work"')
      await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command: 'kill -9 $PPID' }).catch(() => {})
      await killRunner(orchestrator, id)
      await expect.poll(async () => (await only(orchestrator)).deadParts, POLL).toEqual(['runner', 'sidecar'])
      await Promise.all([orchestrator.rescueSave(id), orchestrator.revive(id)])
      expect((await only(orchestrator)).state).toBe('up')
      expect((await shell(orchestrator, id, 'cat "$WORKSPACE_DIR/work"')).output).toBe('precious\n')
    })

    test('removing twice, at once, or what never was is no error', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      await Promise.all([orchestrator.remove(id), orchestrator.remove(id)])
      await orchestrator.remove(id)
      await orchestrator.remove(newSandboxId())
      expect(await orchestrator.list()).toEqual([])
      await expect(orchestrator.dial(id, 'runner')).rejects.toMatchObject({ code: 'not_found' })
    })

    test('what an id does not name is not found; what is no id is refused', async () => {
      const orchestrator = await start()
      const unknown = newSandboxId()
      await expect(orchestrator.dial(unknown, 'runner')).rejects.toMatchObject({ code: 'not_found' })
      await expect(orchestrator.label(unknown, { replId: newId(), generation: 1 })).rejects.toBeInstanceOf(AppError)
      await expect(orchestrator.revive(unknown)).rejects.toMatchObject({ code: 'not_found' })
      await expect(orchestrator.rescueSave(unknown)).rejects.toMatchObject({ code: 'not_found' })
      expect(await orchestrator.portOf(unknown)).toBeUndefined()
      for (const bad of ['../../etc', '', 'S123456789012345', `${unknown}\n`]) {
        const creating = orchestrator.create(bad, { template: 'node', limits: CONTRACT_LIMITS })
        await expect(creating).rejects.toMatchObject({ code: 'bad_request' })
        await orchestrator.remove(bad)
      }
    })

    test('one sandbox can be asked for', async () => {
      const orchestrator = await start()
      const id = await make(orchestrator)
      expect(await orchestrator.get(id)).toEqual(await only(orchestrator))
      expect(await orchestrator.get(newSandboxId())).toBeUndefined()
      await orchestrator.remove(id)
      expect(await orchestrator.get(id)).toBeUndefined()
    })

    test('a toolchain probe tells success from failure', async () => {
      const orchestrator = await start()
      expect(await orchestrator.probe('node --version')).toBe(true)
      if (toolchains === 'image') return
      expect(await orchestrator.probe('command -v devex-no-such-tool')).toBe(false)
      expect(await orchestrator.probe('exit 3')).toBe(false)
    })
  })
}

async function only(orchestrator: Orchestrator): Promise<Sandbox> {
  const [sandbox] = await orchestrator.list()
  if (sandbox === undefined) throw new Error('no sandbox')
  return sandbox
}

/** The shell's parent is the runner. */
async function killRunner(orchestrator: Orchestrator, sandboxId: string): Promise<void> {
  await shell(orchestrator, sandboxId, 'kill -9 $PPID').catch(() => {})
}

async function expectShell(orchestrator: Orchestrator, sandboxId: string, command: string): Promise<void> {
  expect(await shell(orchestrator, sandboxId, command)).toEqual({ code: 0, output: '' })
}

function isState(sandboxId: string, state: Sandbox['state']): (observation: Observation) => boolean {
  return (observation) =>
    observation.kind === 'sandbox' && observation.sandbox.id === sandboxId && observation.sandbox.state === state
}

/** Reads observations one after the other. */
function watch(orchestrator: Orchestrator) {
  const controller = new AbortController()
  const observing = orchestrator.observe(controller.signal)[Symbol.asyncIterator]()
  return {
    until: async (isIt: (observation: Observation) => boolean): Promise<void> => {
      for (;;) {
        const { value, done } = await observing.next()
        if (done === true) throw new Error('the observation ended')
        if (isIt(value)) return
      }
    },
    stop: async (): Promise<void> => {
      controller.abort()
      await observing.return?.()
    },
  }
}
