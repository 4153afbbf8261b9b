import { once } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { AppError } from '#server/errors.ts'
import { GATEWAY_LIMITS } from '#server/gateway/limits.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import { watchRight } from '#server/gateway/right.ts'
import type { Decision } from '#server/gateway/right.ts'

/** A right whose questions are counted; `answers` has those that are not simply "yes", in their order. */
function heldRight({ limits, answers = [] }: { limits?: Partial<GatewayLimits>; answers?: Promise<Decision>[] } = {}) {
  let questions = 0
  const decide = async () => {
    questions += 1
    return (await answers[questions - 1]) ?? {}
  }
  const right = watchRight({ first: {}, decide, limits: { ...GATEWAY_LIMITS, ...limits }, rights: new Set() })
  return { right, change: () => right.confirm(true), questions: () => questions }
}

test('changes without end make a few questions', async () => {
  const { right, change, questions } = heldRight({ limits: { recheckDistanceMs: 50 } })
  const since = performance.now()
  let changes = 0
  for (; performance.now() - since < 500; changes += 1) {
    change()
    await turn()
  }
  expect(changes).toBeGreaterThan(100)
  expect(questions()).toBeGreaterThan(1)
  expect(questions()).toBeLessThanOrEqual((performance.now() - since) / 50 + 2)
  expect(right.signal.aborted).toBe(false)
  right.stop()
})

test('a right lost right after a question is ended by the next, however many changes came', async () => {
  const lost = Promise.reject(new AppError('forbidden', 'Your access was removed.'))
  lost.catch(() => undefined)
  const { right, change, questions } = heldRight({ answers: [Promise.resolve({}), lost] })
  const ended = once(right.signal, 'abort')
  change()
  expect(questions()).toBe(1)
  for (let time = 0; time < 100; time += 1) change()
  await ended
  expect(right.signal.reason).toMatchObject({ code: 'forbidden' })
  expect(questions()).toBe(2)
})

test('a change during a slow question has its own, and both may take their time', async () => {
  const slow = Promise.withResolvers<Decision>()
  const { right, change, questions } = heldRight({ answers: [slow.promise] })
  change()
  change()
  await expect.poll(questions).toBe(2)
  expect(right.signal.aborted).toBe(false)
  slow.resolve({})
  right.stop()
})

test('the limit counts from the change, not from its question', async () => {
  const never = new Promise<Decision>(() => {})
  const { right, change, questions } = heldRight({
    limits: { recheckDistanceMs: 600 },
    answers: [Promise.resolve({}), never],
  })
  change()
  const ended = once(right.signal, 'abort')
  const changedAt = performance.now()
  change()
  await ended
  expect(questions()).toBe(2)
  expect(right.signal.reason).toMatchObject({ code: 'unavailable' })
  expect(performance.now() - changedAt).toBeLessThan(GATEWAY_LIMITS.recheckLimitMs + 500)
})
