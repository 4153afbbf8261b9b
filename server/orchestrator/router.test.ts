import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, test } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { openLocalOrchestrator } from './local.ts'
import { namespacePath } from './local/network/cables.ts'
import { routerOf } from './local/network/router.ts'
import { runTool } from './local/run-tool.ts'
import { makeTestFolder } from './_stand-in.ts'
import { CONTRACT_LIMITS, POLL, shell } from './_stand-in-client.ts'

/** Makes a sandbox and removes it when told to. */
const COMES_AND_GOES = join(import.meta.dirname, 'local/network/_child.ts')

/** Makes a sandbox and waits to be killed. */
const STAYS = join(import.meta.dirname, '_child.ts')

function atEnd(child: ChildProcess): Disposable {
  return { [Symbol.dispose]: () => void child.kill('SIGKILL') }
}

await using trialFolder = await makeTestFolder('auto')
const trial = await openLocalOrchestrator(trialFolder.options)
const { network } = trial.isolation()
await trial[Symbol.asyncDispose]()
const isUsable = network === 'separate' && process.getuid?.() === 0
const why = isUsable ? '' : ' (skipped: no network of its own here)'

describe.skipIf(!isUsable)(`the network of the machine${why}`, () => {
  test('shows neither a link nor an address more or less while a sandbox comes and goes', async () => {
    await using folder = await makeTestFolder('auto')
    const { log: _, ...options } = folder.options
    // A machine of its own, as far as networks go, in which nobody else makes links.
    const [program, ...args] = ['unshare', '--net', '--', process.execPath, COMES_AND_GOES] as const
    const control = spawn(program, [...args, JSON.stringify(options)], { stdio: ['pipe', 'pipe', 'inherit'] })
    using _control = atEnd(control)
    const lines = createInterface({ input: control.stdout })[Symbol.asyncIterator]()
    expect((await lines.next()).value).toBe('ready separate')
    const there = ['nsenter', '--net', `--target=${control.pid}`, '--', 'ip', '-o'] as const
    const links = () => runTool([...there, 'addr'])
    const before = await links()
    expect(before).toMatch(/devex/)

    const [enter, ...inside] = there
    const monitor = spawn(enter, [...inside, 'monitor', 'link', 'address'])
    using _monitor = atEnd(monitor)
    let events = ''
    monitor.stdout.setEncoding('utf8').on('data', (text: string) => (events += text))
    /** An event of our own, behind which all earlier ones have been told. */
    const mark = async (address: string) => {
      await expect
        .poll(async () => {
          await runTool([...there, 'addr', 'replace', address, 'dev', 'lo'])
          return events
        }, POLL)
        .toContain(address)
    }
    await mark('127.1.0.1/32')
    control.stdin.write('go\n')
    expect((await lines.next()).value).toBe('done')
    const after = await links()
    await mark('127.1.0.2/32')

    const others = events.split('\n').filter((line) => line !== '' && !line.includes('127.1.0.'))
    expect(others).toEqual([])
    expect(after.replaceAll(/^.*127\.1\.0\..*\n/gm, '')).toBe(before)
    control.stdin.end('end\n')
    await once(control, 'exit')
    expect(existsSync(namespacePath(routerOf(options.dataDir)))).toBe(false)
  })

  test('is left as it is by a kill -9: the next control plane goes on with the same router, and takes it away at last', async () => {
    await using folder = await makeTestFolder('auto')
    const { log: _, ...options } = folder.options
    const [id, another] = [newSandboxId(), newSandboxId()]
    const router = namespacePath(routerOf(options.dataDir))
    const control = spawn(process.execPath, [STAYS, JSON.stringify(options), id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    using _control = atEnd(control)
    for await (const line of createInterface({ input: control.stdout })) if (line === 'created') break
    control.kill('SIGKILL')
    await once(control, 'exit')
    const before = await stat(router)

    await folder.listenAnew()
    const next = await openLocalOrchestrator(folder.options)
    expect((await stat(router)).ino).toBe(before.ino)
    await next.create(another, { template: 'node', limits: CONTRACT_LIMITS })
    for (const one of [id, another])
      expect((await shell(next, one, 'ip route')).output).toContain('default via 198.19.')
    await next.remove(id)
    await next[Symbol.asyncDispose]()
    expect((await stat(router)).ino).toBe(before.ino)

    const last = await openLocalOrchestrator(folder.options)
    await last.remove(another)
    await last[Symbol.asyncDispose]()
    expect(existsSync(router)).toBe(false)
  })
})
