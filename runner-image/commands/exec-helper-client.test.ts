import { afterEach, expect, test, vi } from 'vitest'
import { MAX_PENDING_INPUT_BYTES } from '../limits.ts'
import { readStats } from '../processes/proc.ts'
import { ExecHelper } from './exec-helper-client.ts'
import type { StartMessage } from './helper-messages.ts'
import { START_TIMEOUT_MS } from './limits.ts'

const configure = { env: { PATH: '/usr/bin:/bin' }, cwd: '/' }

afterEach(() => void vi.useRealTimers())

test('a command that the helper starts too late, after its start was told as failed, is ended', async () => {
  using helper = new ExecHelper()
  await runToEnd(helper, 'true')
  const pid = helper.pid ?? 0
  process.kill(pid, 'SIGSTOP')
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const late = start(helper, program('exec sleep 987.6'))
  vi.advanceTimersByTime(START_TIMEOUT_MS)
  await expect(late).rejects.toMatchObject({ code: 'timeout' })
  process.kill(pid, 'SIGCONT')
  // The helper starts commands one after another, so the late one has been told of when this one ends.
  await runToEnd(helper, 'true')
  const left = async () => (await readStats()).filter(({ parent, command }) => parent === pid && command === 'sleep')
  await expect.poll(left).toEqual([])
})

test('input is told as taken when the program takes it, or will never', async () => {
  using helper = new ExecHelper()
  const ended = Promise.withResolvers<void>()
  const running = await start(helper, program('read -r _; exec sleep 987.6'), () => ended.resolve())
  const taken = (bytes: Uint8Array) => new Promise<void>((resolve) => running.write(bytes, resolve))
  await taken(Buffer.from('line\n'))
  let isTaken = false
  const flood = taken(Buffer.alloc(4 * MAX_PENDING_INPUT_BYTES)).then(() => (isTaken = true))
  await runToEnd(helper, 'true')
  expect(isTaken).toBe(false)
  process.kill(running.pid, 'SIGKILL')
  await Promise.all([flood, ended.promise])
  await taken(Buffer.from('late'))
})

function program(command: string): StartMessage {
  return { kind: 'program', file: '/bin/sh', args: ['-c', command], ...configure }
}

function start(helper: ExecHelper, message: StartMessage, onEnd = () => {}) {
  return helper.start(message, configure, { onOutput: () => {}, onEnd })
}

async function runToEnd(helper: ExecHelper, command: string): Promise<void> {
  const ended = Promise.withResolvers<void>()
  await start(helper, program(command), () => ended.resolve())
  await ended.promise
}
