import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openTestBed, user } from '#server/repls/_domain.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import { appOf, createPeople } from '#server/trpc/_app.ts'
import { handleTrpc } from '#server/trpc/http.ts'
import { MAX_BATCH_CALLS, MAX_BODY_BYTES } from '#server/trpc/limits.ts'

const ORIGIN = 'https://devex.example.com'
const CREATE = { source: { kind: 'template', template: 'node' } }

interface Ask {
  method?: string
  headers?: Record<string, string>
  body?: string
}

async function stage() {
  const b = await openTestBed(openSqliteStateStore)
  const people = createPeople()
  const ada = user('Ada')
  const app = appOf(b, { people, publicUrl: new URL(ORIGIN) })
  const cookie = people.signIn(ada)
  const ask = (path: string, init: Ask = {}) =>
    handleTrpc(
      new Request(`${ORIGIN}/api/trpc/${path}`, {
        ...init,
        headers: { host: 'devex.example.com', cookie, 'content-type': 'application/json', ...init.headers },
      }),
      app,
    )
  const create = (headers: Record<string, string>, body: unknown = CREATE) =>
    ask('repls.create', { method: 'POST', headers, body: JSON.stringify(body) })
  return { b, ada, ask, create }
}

const failure = z.object({
  error: z.object({
    message: z.string(),
    data: z.object({
      code: z.string(),
      httpStatus: z.int(),
      error: z.object({ code: z.string(), message: z.string() }),
    }),
  }),
})

describe('the API over HTTP', () => {
  test('a page of ours changes things by POST', async () => {
    const { b, ada, create } = await stage()
    await using _ = b
    const response = await create({ origin: ORIGIN })
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await b.domain.repls.list(ada)).toHaveLength(1)
  })

  test('S9: a change from a foreign page, from none, or by GET is refused and changes nothing', async () => {
    const { b, ada, ask, create } = await stage()
    await using _ = b
    const foreign = [
      'https://evil.example',
      'http://devex.example.com.evil.example',
      'null',
      'https://3000-a.devex.example.com',
    ]
    for (const origin of foreign) expect((await create({ origin })).status).toBe(403)
    expect((await create({})).status).toBe(403)
    const input = encodeURIComponent(JSON.stringify(CREATE))
    expect((await ask(`repls.create?input=${input}`)).status).toBe(400)
    expect((await ask(`repls.create?input=${input}`, { headers: { origin: ORIGIN } })).status).toBe(400)
    expect(await b.domain.repls.list(ada)).toEqual([])
  })

  test('a signed-out visitor gets 401', async () => {
    const { b, ask } = await stage()
    await using _ = b
    const response = await ask('repls.list', { headers: { cookie: '' } })
    expect(response.status).toBe(401)
    expect(failure.parse(await response.json()).error.data.error).toMatchObject({ code: 'unauthenticated' })
  })

  test('bad input is 400 with a message for a person, and no stack', async () => {
    const { b, create } = await stage()
    await using _ = b
    const response = await create({ origin: ORIGIN }, { ...CREATE, name: 'x'.repeat(300) })
    expect(response.status).toBe(400)
    const text = await response.text()
    expect(failure.parse(JSON.parse(text)).error).toMatchObject({
      message: 'name: at most 60 characters',
      data: { code: 'BAD_REQUEST', error: { code: 'bad_request', message: 'name: at most 60 characters' } },
    })
    expect(text).not.toContain('stack')
  })

  test('our codes become statuses: not found, unknown template, unknown procedure, broken JSON', async () => {
    const { b, ask, create } = await stage()
    await using _ = b
    const input = encodeURIComponent(JSON.stringify({ replId: 'a000000000000000' }))
    expect((await ask(`repls.get?input=${input}`)).status).toBe(404)
    expect((await create({ origin: ORIGIN }, { source: { kind: 'template', template: 'cobol' } })).status).toBe(400)
    expect((await ask('repls.nothing')).status).toBe(404)
    expect((await ask('repls.get?input=%7Bbroken')).status).toBe(400)
    const headers = { origin: ORIGIN }
    expect((await ask('repls.create', { method: 'POST', headers, body: '{broken' })).status).toBe(400)
  })

  test('an unexpected fault is 500, logged, and says nothing of its cause', async () => {
    const { b, create } = await stage()
    await using _ = b
    b.world.orchestrator.isolation = () => {
      throw new TypeError('secret detail')
    }
    const response = await create({ origin: ORIGIN })
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('secret detail')
    expect(b.lines.join('\n')).toContain('secret detail')
  })

  test('a body that is too large is refused before it is parsed', async () => {
    const { b, ada, create } = await stage()
    await using _ = b
    const response = await create({ origin: ORIGIN }, { ...CREATE, padding: 'x'.repeat(MAX_BODY_BYTES) })
    expect(response.status).toBe(413)
    expect(await b.domain.repls.list(ada)).toEqual([])
  })

  test('a request carries a bounded number of calls', async () => {
    const { b, ask } = await stage()
    await using _ = b
    const batch = (calls: number) => ask(`${Array.from({ length: calls }, () => 'repls.list').join(',')}?batch=1`)
    expect((await batch(MAX_BATCH_CALLS)).status).toBe(200)
    expect((await batch(MAX_BATCH_CALLS + 1)).status).toBe(400)
  })

  test('subscriptions are not served as event streams', async () => {
    const { b, ask } = await stage()
    await using _ = b
    const response = await ask('repls.watchList', { headers: { accept: 'text/event-stream' } })
    const text = await response.text()
    expect(text).toContain('bad_request')
    expect(text).not.toContain('data: []')
  })
})
