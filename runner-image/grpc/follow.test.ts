import { setImmediate } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { follow } from './follow.ts'

/** A state that is told of, and how often it was looked at. */
function watched() {
  const listeners = new Set<() => void>()
  const looks = { count: 0 }
  let state = 0
  const subscribe = (listener: () => void) => {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  }
  const take = () => {
    looks.count += 1
    return { items: [state], next: 'wait' } as const
  }
  const change = () => {
    state += 1
    for (const listener of listeners) listener()
  }
  return { subscribe, take, change, looks, listeners }
}

test('a state is told once and then when it changes, however quick its reader is', async () => {
  const { subscribe, take, change, looks } = watched()
  const over = new AbortController()
  const states = follow(subscribe, take, over.signal)
  expect(await states.next()).toEqual({ value: 0, done: false })
  const next = states.next()
  for (let turn = 0; turn < 10; turn++) await setImmediate()
  expect(looks.count).toBe(1)
  change()
  expect(await next).toEqual({ value: 1, done: false })
  expect(looks.count).toBe(2)
})

test('changes that a reader was too slow for come as one', async () => {
  const { subscribe, take, change, looks } = watched()
  const over = new AbortController()
  const states = follow(subscribe, take, over.signal)
  await states.next()
  for (let at = 0; at < 5; at++) change()
  expect(await states.next()).toEqual({ value: 5, done: false })
  expect(looks.count).toBe(2)
})

test('who hangs up is listened to no more', async () => {
  const { subscribe, take, listeners } = watched()
  const over = new AbortController()
  const states = follow(subscribe, take, over.signal)
  await states.next()
  const next = states.next()
  over.abort()
  expect(await next).toEqual({ value: undefined, done: true })
  expect(listeners.size).toBe(0)
})

test('of a log everything is given without another word, up to its end', async () => {
  const pieces = ['a', 'b', 'c']
  const take = () => {
    const piece = pieces.shift()
    const next = pieces.length === 0 ? 'end' : 'again'
    return { items: piece === undefined ? [] : [piece], next } as const
  }
  const given = await Array.fromAsync(follow(() => () => undefined, take, new AbortController().signal))
  expect(given).toEqual(['a', 'b', 'c'])
})
