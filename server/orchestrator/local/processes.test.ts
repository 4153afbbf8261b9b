import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { POLL } from '../_stand-in-client.ts'
import { findProcesses, identify, isAlive, parseStat, terminate } from './processes.ts'

describe('process identity', () => {
  test('a name with spaces and parentheses does not shift the fields', () => {
    const rest = Array.from({ length: 17 }, (_, index) => index)
    expect(parseStat(`42 (a) S (b) R 7 ${rest.join(' ')} 123456 0`)).toEqual({
      state: 'R',
      parent: 7,
      startTime: '123456',
    })
    expect(parseStat('42 (cut')).toBeUndefined()
  })

  test('the same pid with another start time is another process', () => {
    const own = identify(process.pid)
    expect(own).toBeDefined()
    expect(own !== undefined && isAlive(own)).toBe(true)
    expect(isAlive({ pid: process.pid, startTime: '1' })).toBe(false)
    expect(identify(2 ** 22 + 1)).toBeUndefined()
  })

  test('finds what left the tree by its environment, and ends what ignores SIGTERM', async () => {
    const id = `stest${process.pid}`
    const child = spawn('sh', ['-c', 'trap "" TERM; setsid sleep 1000 & exit 0'], {
      env: { ...process.env, SANDBOX_ID: id },
      stdio: 'ignore',
    })
    await once(child, 'exit')
    await expect.poll(async () => (await findProcesses(id, [])).length, POLL).toBe(1)
    const found = await findProcesses(id, [])
    expect(await terminate(found, () => findProcesses(id, []))).toEqual([])
    expect(found.some(isAlive)).toBe(false)
  })
})
