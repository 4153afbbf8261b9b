import { describe, expect, test } from 'vitest'
import { errorResponse } from '#server/errors.ts'
import { guardedRequest } from '#server/trpc/guarded-request.ts'
import { MAX_BODY_BYTES } from '#server/trpc/limits.ts'

const PUBLIC_URL = new URL('http://localhost:3000')

function post(body: string, origin?: string): Request {
  const headers = { host: 'localhost:3000', ...(origin !== undefined && { origin }) }
  return new Request('http://localhost:3000/api/auth/signout', { method: 'POST', headers, body })
}

describe('a guarded request', () => {
  test('S9: comes from a page of ours, not from a preview beside it nor from nowhere', async () => {
    const request = await guardedRequest(post('csrfToken=1', 'http://localhost:3000'), PUBLIC_URL)
    expect(await request.text()).toBe('csrfToken=1')
    for (const origin of ['http://3000-raaaaaaaaaaaaaaa.localhost:3000', 'http://localhost:4000', 'null', undefined])
      await expect(guardedRequest(post('x', origin), PUBLIC_URL)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('has a body of at most so many bytes', async () => {
    const longest = await guardedRequest(post('x'.repeat(MAX_BODY_BYTES), PUBLIC_URL.origin), PUBLIC_URL)
    expect((await longest.text()).length).toBe(MAX_BODY_BYTES)
    const longer = guardedRequest(post('x'.repeat(MAX_BODY_BYTES + 1), PUBLIC_URL.origin), PUBLIC_URL)
    await expect(longer).rejects.toMatchObject({ code: 'too_large' })
  })

  test('has a body that comes whole in time: a piece now and then holds nothing for long', async () => {
    let isEnded = false
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(Buffer.from('csrf')),
      cancel: () => void (isEnded = true),
      // The next piece comes when it is too late.
      pull: async (controller) => {
        await refused.promise
        controller.enqueue(Buffer.from('Token'))
      },
    })
    const refused = Promise.withResolvers<void>()
    // `duplex` is what fetch asks of a body that is a stream; the DOM's types do not know it.
    const init = { method: 'POST', headers: { origin: PUBLIC_URL.origin }, body, duplex: 'half' }
    const slow = guardedRequest(new Request(`${PUBLIC_URL.origin}/api/trpc`, init), PUBLIC_URL, { bodyMs: 20 })
    const answer = errorResponse(await slow.catch((error: unknown) => error))
    expect([answer.status, answer.headers.get('connection')]).toEqual([408, 'close'])
    expect(await answer.json()).toEqual({
      error: {
        code: 'timeout',
        message: 'The body of the request did not come within 0.02 s.',
        advice: 'Send it again, whole and at once.',
      },
    })
    refused.resolve()
    await expect.poll(() => isEnded).toBe(true)
  })
})
