import { expect, test } from 'vitest'
import { createDocumentFetches } from '#server/auth/oauth/document-fetches.ts'

const LIMITS = { atOnce: 2, perMinute: 3, failedMs: 30_000, maxFailed: 2 }
const at = (path: string) => new URL(`https://victim.example/${path}`)

function open() {
  const fetched: string[] = []
  const clock = { now: 1_000_000 }
  const waiting: PromiseWithResolvers<Response>[] = []
  const documents = createDocumentFetches(
    async (url) => {
      fetched.push(url.pathname)
      if (url.pathname === '/gone') throw new Error('gone')
      if (url.pathname === '/missing') return new Response(null, { status: 404 })
      if (url.pathname !== '/slow') return new Response('{}')
      const wait = Promise.withResolvers<Response>()
      waiting.push(wait)
      return await wait.promise
    },
    { limits: LIMITS, now: () => clock.now },
  )
  return {
    documents,
    fetched,
    clock,
    waiting,
    ask: (path: string) => documents.asStranger(() => documents.fetch(at(path))),
  }
}

test('strangers have so many fetched at once, and people their own', async () => {
  const { documents, waiting, ask } = open()
  const slow = [ask('slow'), ask('slow')]
  await expect(ask('a')).rejects.toMatchObject({ code: 'rate_limited' })
  expect((await documents.asPerson('ada', () => documents.fetch(at('a')))).status).toBe(200)
  expect((await documents.fetch(at('a'))).status).toBe(200)
  for (const { resolve } of waiting) resolve(new Response('{}'))
  await Promise.all(slow)
  expect((await ask('a')).status).toBe(200)
})

test('and so many in a minute', async () => {
  const { documents, fetched, clock, ask } = open()
  for (const path of ['a', 'b', 'c']) await ask(path)
  await expect(ask('d')).rejects.toMatchObject({ code: 'rate_limited' })
  const refusal = async () => documents.refusal(at('d'))
  expect(await documents.asStranger(refusal)).toContain('try again in a minute')
  expect(await documents.asPerson('ada', refusal)).toBeUndefined()
  clock.now += 60_001
  expect((await ask('d')).status).toBe(200)
  expect(fetched).toEqual(['/a', '/b', '/c', '/d'])
})

test('what failed is not asked for again for a while; the newest of those are remembered', async () => {
  const { documents, fetched, clock, ask } = open()
  await expect(ask('gone')).rejects.toThrow('gone')
  await ask('missing')
  for (const path of ['gone', 'missing']) {
    expect(documents.refusal(at(path))).toContain('a moment ago')
    await expect(ask(path)).rejects.toThrow('a moment ago')
  }
  expect(fetched).toEqual(['/gone', '/missing'])
  clock.now += LIMITS.failedMs
  await expect(ask('gone')).rejects.toThrow('gone')
  expect(fetched).toEqual(['/gone', '/missing', '/gone'])
})
