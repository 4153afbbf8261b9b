import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { openLocalOrchestrator } from './local.ts'
import type { LocalOrchestratorOptions } from './local.ts'
import { CONTRACT_LIMITS, POLL, shell, shellIn } from './_stand-in-client.ts'
import { makeTestFolder } from './_stand-in.ts'

const CHILD = join(import.meta.dirname, '_child.ts')

/** Another process with an orchestrator of its own on the same folder; resolves once it said that it is so far. */
async function control(options: LocalOrchestratorOptions, sandboxId: string, step: 'created' | 'creating') {
  const { log: _, ...rest } = options
  const child = spawn(process.execPath, [CHILD, JSON.stringify(rest), sandboxId], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) if (line === step) break
  return {
    kill: async () => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function record(options: LocalOrchestratorOptions, sandboxId: string): Promise<string> {
  return await readFile(join(options.dataDir, 'sandboxes', sandboxId, 'sandbox.json'), 'utf8')
}

describe.each(['none', 'auto'] as const)('after the control plane was killed (isolation %s)', (isolation) => {
  test('the next one finds the same shells, their label and their port', async () => {
    await using folder = await makeTestFolder(isolation)
    const id = newSandboxId()
    const first = await control(folder.options, id, 'created')
    const before = await record(folder.options, id)
    await first.kill()
    await folder.listenAnew()
    await using orchestrator = await openLocalOrchestrator(folder.options)
    await expect.poll(() => orchestrator.list(), POLL).toMatchObject([{ id, state: 'up', template: 'node' }])
    expect(await record(folder.options, id)).toBe(before)
    expect((await shell(orchestrator, id, 'cat "$WORKSPACE_DIR/note"')).output).toBe('from before\n')
    const command = 'curl -s --unix-socket "$CONTROL_SOCKET" http://control/'
    expect((await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command })).output).toBe('control plane 2')
    expect(await orchestrator.portOf(id)).toBe(
      orchestrator.isolation().network === 'shared' ? Number(/"port": (\d+)/.exec(before)?.[1]) : undefined,
    )
    await shell(orchestrator, id, 'kill -9 $PPID').catch(() => {})
    await expect.poll(async () => (await orchestrator.list())[0]?.deadParts, POLL).toEqual(['runner'])
    await orchestrator.remove(id)
    expect(await readdir(join(folder.options.dataDir, 'sandboxes'))).toEqual([])
  })

  test('a start that it interrupted is finished or said to be dead, and can be removed', async () => {
    await using folder = await makeTestFolder(isolation)
    const id = newSandboxId()
    const first = await control(folder.options, id, 'creating')
    await first.kill()
    await using orchestrator = await openLocalOrchestrator(folder.options)
    await expect.poll(async () => (await orchestrator.list())[0]?.state ?? 'none', POLL).not.toBe('starting')
    await orchestrator.remove(id)
    expect(await orchestrator.list()).toEqual([])
    expect(await readdir(join(folder.options.dataDir, 'sandboxes'))).toEqual([])
  })

  test('a start that it interrupted can be asked for again, under the same name', async () => {
    await using folder = await makeTestFolder(isolation)
    const id = newSandboxId()
    const first = await control(folder.options, id, 'creating')
    await first.kill()
    await folder.listenAnew()
    await using orchestrator = await openLocalOrchestrator(folder.options)
    await orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })
    expect(await orchestrator.list()).toMatchObject([{ id, state: 'up' }])
    await orchestrator.remove(id)
  })

  test('a sidecar that has only just been killed is started anew when it is asked for', async () => {
    await using folder = await makeTestFolder(isolation)
    const id = newSandboxId()
    await using orchestrator = await openLocalOrchestrator(folder.options)
    await orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })
    await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command: 'kill -9 $PPID' }).catch(() => {})
    // Before anybody looked: within bubblewrap what holds it may be there still.
    await orchestrator.rescueSave(id)
    const { output } = await shellIn(orchestrator, { sandboxId: id, part: 'sidecar', command: 'echo here' })
    expect(output).toBe('here\n')
    await orchestrator.remove(id)
  })

  test('parts that ended meanwhile are dead with a reason, and a recycled pid is not mistaken for them', async () => {
    await using folder = await makeTestFolder(isolation)
    const id = newSandboxId()
    const first = await control(folder.options, id, 'created')
    await first.kill()
    const file = join(folder.options.dataDir, 'sandboxes', id, 'sandbox.json')
    const text = await readFile(file, 'utf8')
    // The same pids, as if given to other processes since.
    await writeFile(file, text.replaceAll(/"startTime": "\d+"/g, '"startTime": "1"'))
    await using orchestrator = await openLocalOrchestrator(folder.options)
    const [sandbox] = await orchestrator.list()
    expect(sandbox).toMatchObject({ state: 'dead', deadParts: ['runner', 'sidecar'] })
    expect(sandbox?.reason).toContain('while the server was not running')
    await orchestrator.rescueSave(id)
    await orchestrator.revive(id)
    expect((await orchestrator.list())[0]?.state).toBe('up')
    expect((await shell(orchestrator, id, 'cat "$WORKSPACE_DIR/note"')).output).toBe('from before\n')
    await orchestrator.remove(id)
  })
})

describe('records on disk', () => {
  test('one of a newer version is refused by name', async () => {
    await using folder = await makeTestFolder('none')
    const id = newSandboxId()
    const root = join(folder.options.dataDir, 'sandboxes', id)
    await mkdir(root, { recursive: true })
    await writeFile(join(root, 'sandbox.json'), '{"version": 99}')
    await expect(openLocalOrchestrator(folder.options)).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining('newer Devex (format 99)'),
    })
  })

  test('a damaged one keeps its files', async () => {
    await using folder = await makeTestFolder('none')
    const id = newSandboxId()
    const workspace = join(folder.options.dataDir, 'sandboxes', id, 'volume', 'workspace')
    await mkdir(workspace, { recursive: true })
    await writeFile(join(workspace, 'note'), 'only copy')
    await writeFile(join(folder.options.dataDir, 'sandboxes', id, 'sandbox.json'), '{"version": 1, ')
    await using orchestrator = await openLocalOrchestrator(folder.options)
    expect(await orchestrator.list()).toEqual([])
    await orchestrator.remove(id)
    await expect(orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await readFile(join(workspace, 'note'), 'utf8')).toBe('only copy')
  })

  test('a label survives', async () => {
    await using folder = await makeTestFolder('none')
    const id = newSandboxId()
    const label = { replId: newId(), generation: 7 }
    {
      await using orchestrator = await openLocalOrchestrator(folder.options)
      await orchestrator.create(id, { template: 'node', limits: CONTRACT_LIMITS })
      await orchestrator.label(id, label)
    }
    await using orchestrator = await openLocalOrchestrator(folder.options)
    expect((await orchestrator.list())[0]?.label).toEqual(label)
    await orchestrator.remove(id)
  })
})
