import { expect, test } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { Inquiry } from './inquiry.ts'
import { MAX_ASKED_AT_ONCE, MAX_INQUIRIES } from './limits.ts'

/** Lists that a test answers, in the order they were asked for. */
function held() {
  const lists: { ids: string[]; answer: PromiseWithResolvers<Map<string, string>> }[] = []
  const inquiry = new Inquiry<string>((ids) => {
    const answer = Promise.withResolvers<Map<string, string>>()
    lists.push({ ids, answer })
    return answer.promise
  })
  const [a, b, c] = [newSandboxId(), newSandboxId(), newSandboxId()]
  return { inquiry, lists, a, b, c }
}

const someIds = (count: number) => Array.from({ length: count }, () => newSandboxId())

test('what is asked in one breath is one list, and one that is not there is told so', async () => {
  const { inquiry, lists, a, b } = held()
  const asked = Promise.all([inquiry.ask(a), inquiry.ask(b), inquiry.ask(a)])
  await Promise.resolve()
  expect(lists.map(({ ids }) => ids)).toEqual([[a, b]])
  lists[0]?.answer.resolve(new Map([[a, 'there']]))
  expect(await asked).toEqual(['there', undefined, 'there'])
})

test('a list that has begun does not answer who asks now', async () => {
  const { inquiry, lists, a } = held()
  const first = inquiry.ask(a)
  await Promise.resolve()
  const second = inquiry.ask(a)
  await Promise.resolve()
  expect(lists).toHaveLength(2)
  lists[1]?.answer.resolve(new Map([[a, 'made meanwhile']]))
  lists[0]?.answer.resolve(new Map())
  expect(await Promise.all([first, second])).toEqual([undefined, 'made meanwhile'])
})

test('lists are bounded, and so are those running; what waits goes into the next', async () => {
  const { inquiry, lists } = held()
  const ids = someIds(MAX_ASKED_AT_ONCE * MAX_INQUIRIES + 1)
  const asked = Promise.all(ids.map((id) => inquiry.ask(id)))
  await Promise.resolve()
  expect(lists.map((list) => list.ids.length)).toEqual(Array.from({ length: MAX_INQUIRIES }, () => MAX_ASKED_AT_ONCE))
  const late = inquiry.ask(newSandboxId())
  lists[0]?.answer.resolve(new Map())
  await expect.poll(() => lists.length).toBe(MAX_INQUIRIES + 1)
  expect(lists.at(-1)?.ids).toHaveLength(2)
  for (const { answer } of lists) answer.resolve(new Map())
  expect(await late).toBeUndefined()
  expect((await asked).every((found) => found === undefined)).toBe(true)
})

test('a list that fails fails those who asked, and the next one is made', async () => {
  const { inquiry, lists, a, b } = held()
  const [first, second] = [inquiry.ask(a), inquiry.ask(b)]
  await Promise.resolve()
  lists[0]?.answer.reject(new Error('away'))
  await expect(Promise.allSettled([first, second])).resolves.toMatchObject([
    { status: 'rejected', reason: { message: 'away' } },
    { status: 'rejected' },
  ])
  const again = inquiry.ask(a)
  await Promise.resolve()
  lists[1]?.answer.resolve(new Map([[a, 'there']]))
  expect(await again).toBe('there')
})

test('who gives up is let go at once, and the others get their answer', async () => {
  const { inquiry, lists, a, b } = held()
  const controller = new AbortController()
  const given = inquiry.ask(a, controller.signal)
  const other = inquiry.ask(b)
  await Promise.resolve()
  controller.abort(new Error('not needed'))
  await expect(given).rejects.toThrow('not needed')
  lists[0]?.answer.resolve(new Map([[b, 'there']]))
  expect(await other).toBe('there')
})

test('a name that is none is not asked for: it would spoil the list', async () => {
  const { inquiry, lists } = held()
  expect(await inquiry.ask('x),app in (y')).toBeUndefined()
  expect(lists).toEqual([])
})
