import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createPlaces } from '#server/workspaces/history/places.ts'
import type { PlaceLimits } from '#server/workspaces/history/places.ts'

const LIMITS: PlaceLimits = { total: 3, each: 2, waiting: 4, waitingEach: 3, waitMs: 60_000 }
const REFUSED = { code: 'rate_limited', message: 'Too many.', advice: 'Try again in a moment.' }

/** Who has got their places, in order, and how each gives them back. */
function watched(limits: Partial<PlaceLimits> = {}) {
  const places = createPlaces({ ...LIMITS, ...limits }, 'Too many.')
  const got: string[] = []
  const back = new Map<string, () => void>()
  const take = (name: string, count?: number) => {
    const holder = name.replace(/\d/, '')
    return places.take(holder, count).then((taken) => {
      got.push(name)
      back.set(name, () => taken[Symbol.dispose]())
    })
  }
  const giveBack = async (name: string) => {
    back.get(name)?.()
    await turn()
  }
  return { got, take, giveBack }
}

test('one holder has so many places and no more, while the others have theirs', async () => {
  const { got, take, giveBack } = watched()
  const all = ['ada1', 'ada2', 'ada3', 'bob1', 'eve1'].map((name) => take(name))
  await turn()
  expect(got).toEqual(['ada1', 'ada2', 'bob1'])
  await giveBack('bob1')
  expect(got).toEqual(['ada1', 'ada2', 'bob1', 'eve1'])
  await giveBack('ada1')
  expect(got.at(-1)).toBe('ada3')
  await Promise.all(all)
})

test('what needs two places is not overtaken for ever by what needs one', async () => {
  const { got, take, giveBack } = watched()
  const all = [take('ada1', 2), take('bob1', 2), take('eve1')]
  await turn()
  expect(got).toEqual(['ada1'])
  await giveBack('ada1')
  expect(got).toEqual(['ada1', 'bob1', 'eve1'])
  await Promise.all(all)
})

test('past so many that wait, of one holder or in all, one is told to come back', async () => {
  const { got, take, giveBack } = watched()
  const waiting = ['ada1', 'ada2', 'ada3', 'ada4', 'ada5'].map((name) => take(name))
  await expect(take('ada6')).rejects.toMatchObject(REFUSED)
  waiting.push(take('bob1'), take('bob2'))
  await expect(take('eve1')).rejects.toMatchObject(REFUSED)
  await turn()
  for (const name of ['ada1', 'ada2', 'ada3', 'ada4', 'ada5', 'bob1', 'bob2']) await giveBack(name)
  await Promise.all(waiting)
  expect(got).toHaveLength(7)
})

test('places are given back once, however often it is said', async () => {
  const { got, take, giveBack } = watched({ total: 1 })
  await take('ada1')
  const all = [take('bob1'), take('eve1')]
  await giveBack('ada1')
  await giveBack('ada1')
  expect(got).toEqual(['ada1', 'bob1'])
  await giveBack('bob1')
  await Promise.all(all)
})

test('who has waited too long is told so and is in nobody’s way', async () => {
  const { got, take, giveBack } = watched({ waitMs: 1 })
  await take('ada1', 2)
  await expect(take('bob1', 2)).rejects.toMatchObject(REFUSED)
  await take('eve1')
  await giveBack('ada1')
  expect(got).toEqual(['ada1', 'eve1'])
})
