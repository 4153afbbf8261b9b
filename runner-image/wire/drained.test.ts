import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { drained } from './drained.ts'

const EVENTS = ['drain', 'close', 'error', 'finish'] as const

function full(): PassThrough {
  const stream = new PassThrough({ highWaterMark: 1 })
  expect(stream.write('more than that')).toBe(false)
  return stream
}

test('waits until there is room, and leaves no listener behind', async () => {
  const stream = full()
  const before = EVENTS.map((event) => stream.listenerCount(event))
  const waiting = drained(stream)
  stream.resume()
  await waiting
  expect(stream.writableNeedDrain).toBe(false)
  expect(EVENTS.map((event) => stream.listenerCount(event))).toEqual(before)
})

test.each(['before', 'meanwhile'])('a stream that is destroyed %s is not waited for', async (when) => {
  const stream = full()
  if (when === 'before') stream.destroy()
  const waiting = drained(stream)
  stream.destroy()
  await waiting
  expect(stream.destroyed).toBe(true)
})

test('a stream that fails is over: its error is for who reads it', async () => {
  const stream = full()
  stream.on('error', () => {})
  const waiting = drained(stream)
  stream.destroy(new Error('torn'))
  await expect(waiting).resolves.toBeUndefined()
})
