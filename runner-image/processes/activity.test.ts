import { spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { Activity } from './activity.ts'
import { TICKS_PER_SECOND, readStats } from './proc.ts'
import { sandboxTree } from './sandbox-tree.ts'

/** A child that has worked for half a second, and goes on. */
async function busy({ detached }: { detached: boolean }): Promise<void> {
  const child = spawn('/bin/sh', ['-c', 'while :; do :; done'], { detached, stdio: 'ignore' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ticks = async () => (await readStats()).find(({ pid }) => pid === child.pid)?.cpuTicks ?? 0
  await expect.poll(ticks, { timeout: 15_000 }).toBeGreaterThan(TICKS_PER_SECOND / 2)
}

test('what the runner has done for itself, as measuring the disk, is not work of the repl; what leads a session is', async () => {
  const activity = new Activity(sandboxTree({ ownsNamespace: false, replId: () => undefined }))
  const before = await activity.lastWork()
  await busy({ detached: false })
  expect(await activity.lastWork()).toEqual(before)
  await busy({ detached: true })
  const { at, work } = await activity.lastWork()
  expect(at).toBeGreaterThan(before.at)
  expect(work).toEqual({ kind: 'program', name: 'sh' })
})
