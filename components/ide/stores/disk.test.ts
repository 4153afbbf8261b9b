import { expect, test } from 'vitest'
import type { ToastInput } from '#components/ui/toast-store.ts'
import { FakeRunner } from './_fake-runner.ts'
import { Connection } from './connection.ts'
import { Disk } from './disk.ts'

test('how full the disk is, is told; that it gets too much is said once for each step', async () => {
  await using runner = new FakeRunner()
  const connection = new Connection({ url: runner.url })
  const said: string[] = []
  const disk = new Disk(connection, ({ title }: ToastInput) => void said.push(title))
  connection.start()
  await expect.poll(() => connection.state.getSnapshot().kind).toBe('open')
  const tell = (usedBytes: number, state: 'ok' | 'warning' | 'full') =>
    runner.emit('disk.changed', { usedBytes, limitBytes: 100, state })
  tell(10, 'ok')
  tell(81, 'warning')
  tell(85, 'warning')
  tell(100, 'full')
  tell(20, 'ok')
  await expect.poll(() => disk.use.getSnapshot()?.usedBytes).toBe(20)
  expect(said).toEqual(['The disk of this REPL is nearly full.', 'The disk of this REPL is full.'])
  connection.stop()
})
