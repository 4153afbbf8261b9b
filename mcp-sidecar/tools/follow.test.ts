import { expect, test } from 'vitest'
import { Origin } from '#wire/gen/runner.ts'
import type { CommandEvent } from '../runner/runner-api.ts'
import { follow } from './follow.ts'
import { Output } from './output.ts'

const RUNNING = {
  processId: 'x',
  command: 'true',
  cwd: '/',
  actor: 'a',
  origin: Origin.AGENT,
  pid: 1,
  startedAt: 0,
  logStart: 0,
  logEnd: 0,
  tty: false,
}

test('a start is followed until its handle is known, though its caller hung up meanwhile: somebody must end it', async () => {
  const caller = new AbortController()
  const open = async function* (signal: AbortSignal): AsyncGenerator<CommandEvent> {
    caller.abort()
    signal.throwIfAborted()
    yield { type: 'started', process: RUNNING }
  }
  const options = { output: new Output(0), waitMs: 10_000, isStart: true, progress: () => undefined }
  expect(await follow(open, { ...options, signal: caller.signal })).toEqual(RUNNING)
})

test('nothing is started for a caller who hung up before', async () => {
  let starts = 0
  const open = async function* (): AsyncGenerator<CommandEvent> {
    starts += 1
    yield { type: 'started', process: RUNNING }
  }
  const options = { output: new Output(0), waitMs: 10_000, isStart: true, progress: () => undefined }
  await expect(follow(open, { ...options, signal: AbortSignal.abort() })).rejects.toThrow('cancelled before it began')
  expect(starts).toBe(0)
})

test('a command that has ended lets its call end: it is not ended by us', async () => {
  let isEnded = false
  const open = async function* (): AsyncGenerator<CommandEvent> {
    yield { type: 'started', process: RUNNING }
    yield { type: 'ended', process: { ...RUNNING, exit: { code: 0, timedOut: false } } }
    isEnded = true
  }
  const options = { output: new Output(0), waitMs: 10_000, isStart: true, progress: () => undefined }
  expect(await follow(open, { ...options, signal: new AbortController().signal })).toMatchObject({ exit: { code: 0 } })
  expect(isEnded).toBe(true)
})

test('a connection that breaks after the end of the command takes nothing from what it said', async () => {
  const open = async function* (): AsyncGenerator<CommandEvent> {
    yield { type: 'ended', process: { ...RUNNING, exit: { code: 0, timedOut: false } } }
    throw new Error('The runner went away.')
  }
  const options = { output: new Output(0), waitMs: 10_000, isStart: true, progress: () => undefined }
  expect(await follow(open, { ...options, signal: new AbortController().signal })).toMatchObject({ exit: { code: 0 } })
})
