import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { endSession } from './end-processes.ts'
import { readStats } from './proc.ts'

const how = { processes: readStats, signals: ['SIGHUP', 'SIGKILL'] satisfies NodeJS.Signals[], waitMs: 10_000 }

test('a child that has not begun its session yet is ended with it', async () => {
  const child = spawn('sleep', ['1005'], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  expect(await endSession(child.pid ?? 0, how)).toBe(true)
  expect(await ended).toEqual([null, 'SIGHUP'])
})

test('of a session that is over, its number is a stranger’s, who is left alone', async () => {
  const stranger = spawn('sleep', ['1006'], { stdio: 'ignore', detached: true })
  const ended = once(stranger, 'exit')
  expect(await endSession(stranger.pid ?? 0, { ...how, hasLeaderEnded: () => true })).toBe(true)
  stranger.kill('SIGTERM')
  expect(await ended).toEqual([null, 'SIGTERM'])
})
