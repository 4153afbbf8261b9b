import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { setImmediate, setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { FROM_HELPER, HelperFrames, TO_HELPER, encodeHelperFrame } from './helper-frames.ts'
import { startExecHelper } from './helper-program.ts'
import { DRAIN_LIMIT_MS, DRAIN_QUIET_MS } from './limits.ts'

test('says all that a command printed before its end, though the reader stood still meanwhile', async () => {
  const helper = startHelper({ stopsAfter: 'first' })
  const pid = await helper.start('printf first; read -r _; printf last')
  await expect.poll(helper.told).toEqual(['started', 'first'])
  helper.type('\n')
  await ended(pid)
  await delay(2 * DRAIN_QUIET_MS)
  helper.readOn()
  await expect.poll(helper.told).toEqual(['started', 'first', 'last', 'exit 0'])
})

test('reads what came before it takes a command for silent, though it had no time to', async () => {
  const folder = await mkdtemp('/tmp/devex-helper-')
  const late = join(folder, 'late')
  execFileSync('/usr/bin/mkfifo', [late])
  const helper = startHelper()
  const job = `read -r _ <&3; printf last; sleep ${(2 * DRAIN_QUIET_MS) / 1000}; : > ${late}`
  const pid = await helper.start(`exec 3<&0; (${job}) &`)
  await ended(pid)
  helper.input.once('data', () => execFileSync('cat', [late]))
  helper.type('\n')
  await expect.poll(helper.told).toEqual(['started', 'last', 'exit 0'])
  await rm(folder, { recursive: true })
})

test('ends a command though a background job prints on without a pause', async () => {
  const helper = startHelper()
  const pause = DRAIN_QUIET_MS / 4 / 1000
  const pid = await helper.start(`(while :; do printf .; sleep ${pause}; done) & exit 3`)
  // Among what the job goes on to print.
  await expect.poll(helper.told, { timeout: 2 * DRAIN_LIMIT_MS }).toContain('exit 3')
  process.kill(-pid, 'SIGKILL')
})

/** Resolves in the turn of the event loop in which the process has ended. */
async function ended(pid: number): Promise<void> {
  while (existsSync(`/proc/${pid}`)) await setImmediate()
}

/** The helper in this process, and a reader that stands still once it has read `stopsAfter`: no more fits the pipe. */
function startHelper({ stopsAfter }: { stopsAfter?: string } = {}) {
  const said: string[] = []
  let isStopped = false
  let held: (() => void) | undefined
  const started = Promise.withResolvers<number>()
  const frames = new HelperFrames(({ kind, payload }) => {
    const text = payload.toString()
    if (kind === FROM_HELPER.started) started.resolve(Number(/\d+/.exec(text)?.[0]))
    if (kind === FROM_HELPER.stdout) {
      isStopped = text === stopsAfter
      return said.push(text)
    }
    if (kind === FROM_HELPER.exited) return said.push(`exit ${/\d+/.exec(text)?.[0]}`)
    return kind === FROM_HELPER.started && said.push('started')
  })
  const output = new Writable({
    highWaterMark: 1,
    write: (bytes: Buffer, _, done) => {
      frames.take(bytes)
      if (isStopped) held = done
      else done()
    },
  })
  const readOn = () => {
    isStopped = false
    held?.()
  }
  const input = new PassThrough()
  startExecHelper(input, output)
  const start = (command: string) => {
    const run = { kind: 'program', file: '/bin/sh', args: ['-c', command], cwd: '/', env: {} }
    input.write(encodeHelperFrame(TO_HELPER.start, 1, Buffer.from(JSON.stringify(run))))
    return started.promise
  }
  const type = (text: string) => input.write(encodeHelperFrame(TO_HELPER.input, 1, Buffer.from(text)))
  return { input, readOn, start, type, told: () => said }
}
