import { afterEach, expect, test, vi } from 'vitest'
import { ContinuousSave } from './continuous.ts'
import type { Look } from './saver.ts'

const HOUR_MS = 3_600_000

afterEach(() => {
  vi.useRealTimers()
})

/** `outcomes`: what the saves come to, one after the other. */
function follow(outcomes: ('saved' | 'failed')[]) {
  const looks: Look[] = []
  const unsaved: (number | null)[] = []
  const all = Promise.withResolvers<void>()
  const continuous = new ContinuousSave({
    save: async (look) => {
      looks.push(look)
      if (outcomes[looks.length - 1] === 'failed') throw new Error('the store is away')
      return { look: 'changes' }
    },
    onUnsaved: (since) => {
      unsaved.push(since)
      if (unsaved.length === outcomes.length) all.resolve()
    },
    onFailure: () => undefined,
  })
  return { continuous, looks, unsaved, all: all.promise }
}

test('a clock that is set back delays no save', { timeout: 10_000 }, async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { continuous, looks, all } = follow(['saved'])
  await using _ = continuous
  continuous.changed('workspace/file')
  vi.setSystemTime(Date.now() - HOUR_MS)
  await all
  expect(looks).toHaveLength(1)
})

test('a save that failed is told with the time of day of the first change', { timeout: 10_000 }, async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { continuous, unsaved, all } = follow(['failed', 'saved'])
  await using _ = continuous
  const since = Date.now()
  continuous.changed('workspace/file')
  vi.setSystemTime(since + HOUR_MS)
  continuous.changed('workspace/other')
  await all
  expect(unsaved).toEqual([since, null])
})

test('what can wait is done after each save, and keeps nobody from ending it', { timeout: 10_000 }, async () => {
  const done: string[] = []
  const tidying = Promise.withResolvers<void>()
  const continuous = new ContinuousSave({
    save: async () => {
      done.push('saved')
      return { look: 'changes' }
    },
    onUnsaved: (since) => void (since === null && done.push('told')),
    onFailure: () => undefined,
    tidy: (signal) => {
      done.push('tidying')
      tidying.resolve()
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
    },
  })
  continuous.changed('workspace/file')
  await tidying.promise
  await continuous[Symbol.asyncDispose]()
  expect(done).toEqual(['saved', 'told', 'tidying'])
})
