import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SendError, sendFile } from './send-file.ts'

const LIMIT_MS = 60_000

/** A request whose bytes move when the test says so. */
class HandDriven extends EventTarget {
  static last: HandDriven | undefined
  readonly upload = new EventTarget()
  readonly headers: string[] = []
  isAborted = false
  status = 0
  response: unknown = null

  constructor() {
    super()
    HandDriven.last = this
  }

  open(): void {}
  send(): void {}

  setRequestHeader(name: string, value: string): void {
    this.headers.push(`${name}: ${value}`)
  }

  abort(): void {
    this.isAborted = true
  }

  move(loaded: number): void {
    this.upload.dispatchEvent(Object.assign(new Event('progress'), { loaded }))
  }

  answer(status: number, response: unknown): void {
    this.status = status
    this.response = response
    this.dispatchEvent(new Event('load'))
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('XMLHttpRequest', HandDriven)
})
afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function begin({ signal, stallMs = LIMIT_MS }: { signal?: AbortSignal; stallMs?: number | undefined } = {}) {
  const sent: number[] = []
  const ended = sendFile('/r/x/files/a', new Blob(['abc']), {
    method: 'PUT',
    headers: { 'if-none-match': '*' },
    onProgress: (bytes) => sent.push(bytes),
    ...(signal !== undefined && { signal }),
    ...(stallMs > 0 && { stallMs }),
  })
  // Looked at later.
  ended.catch(() => undefined)
  const request = HandDriven.last
  if (request === undefined) throw new Error('nothing was sent')
  return { request, sent, ended }
}

test('a request goes on for as long as bytes move, and says how many', async () => {
  const { request, sent, ended } = begin()
  for (const loaded of [1, 2, 3]) {
    vi.advanceTimersByTime(LIMIT_MS - 1)
    request.move(loaded)
  }
  vi.advanceTimersByTime(LIMIT_MS - 1)
  request.answer(201, { etag: 'x' })
  expect(await ended).toEqual({ status: 201, body: { etag: 'x' } })
  expect(sent).toEqual([1, 2, 3])
  expect(request.headers).toEqual(['if-none-match: *'])
  expect(vi.getTimerCount()).toBe(0)
})

test('a request of which nothing moves for the limit is given up', async () => {
  const { request, ended } = begin()
  vi.advanceTimersByTime(1000)
  request.move(1)
  vi.advanceTimersByTime(LIMIT_MS)
  await expect(ended).rejects.toMatchObject({ how: 'stalled', afterMs: LIMIT_MS })
  expect(request.isAborted).toBe(true)
})

test('without a limit it waits for its answer', async () => {
  const { request, ended } = begin({ stallMs: 0 })
  vi.advanceTimersByTime(24 * 60 * LIMIT_MS)
  request.answer(200, { id: 'r' })
  expect(await ended).toEqual({ status: 200, body: { id: 'r' } })
})

test('a line that breaks, and one that is let go of, say so', async () => {
  const broken = begin()
  broken.request.dispatchEvent(new Event('error'))
  await expect(broken.ended).rejects.toEqual(new SendError('broke'))

  const leaving = new AbortController()
  const left = begin({ signal: leaving.signal })
  leaving.abort()
  await expect(left.ended).rejects.toBe(leaving.signal.reason)
  expect(left.request.isAborted).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})
