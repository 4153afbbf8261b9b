import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../log.ts'
import { MAX_WAITING_SEARCHES, SEARCH_HANG_MS, SEARCH_WORKER_IDLE_MS } from './limits.ts'
import { Search } from './search.ts'

let root: string
let search: Search
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-search-'))
  await writeFile(join(root, 'a.txt'), `${'a'.repeat(40)}!\n`)
  search = new Search(createLog(() => {}))
  // The clock is ours; the thread and its searches are real.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(async () => {
  vi.useRealTimers()
  await search[Symbol.asyncDispose]()
  await rm(root, { recursive: true, force: true })
})

const never = new AbortController().signal
const find = async (signal = never) =>
  search.glob({ root, rulesFrom: root, includeIgnored: false, pattern: '*.txt', limit: 10 }, signal)
/** Keeps the thread for ages. What became of it, told later. */
const hang = async (signal = never) =>
  search
    .grep(
      {
        root,
        rulesFrom: root,
        includeIgnored: false,
        pattern: '^(a+)+$',
        mode: 'count',
        context: 0,
        ignoreCase: false,
        multiline: false,
        limit: 10,
      },
      signal,
    )
    .then(
      () => 'found',
      (error: unknown) => String(error),
    )

describe('searching in a thread', () => {
  test('answers who waited behind a search that hung', async () => {
    const hung = hang()
    vi.advanceTimersByTime(SEARCH_HANG_MS - 1)
    const [one, two] = [find(), find()]
    vi.advanceTimersByTime(1)
    expect(await hung).toContain('took too long')
    expect((await one).total).toBe(1)
    expect((await two).total).toBe(1)
  })

  test('says of a pattern that is none how to put it right', async () => {
    const asked = { root, rulesFrom: root, includeIgnored: false, limit: 10, context: 0 }
    const wrong = { ...asked, pattern: 'a(', mode: 'count', ignoreCase: false, multiline: false } as const
    await expect(search.grep(wrong, never)).rejects.toMatchObject({
      message: expect.stringContaining('Unterminated group'),
      advice: expect.stringContaining('backslash'),
    })
  })

  test('counts as idle from the last of several searches, and not while one is under way', async () => {
    await Promise.all([find(), find(), find()])
    vi.advanceTimersByTime(SEARCH_WORKER_IDLE_MS - 1)
    const hung = hang()
    vi.advanceTimersByTime(SEARCH_HANG_MS)
    expect(await hung).toContain('took too long')
  })

  test('gives up what its caller no longer waits for, at work or waiting', async () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const [atWork, waiting, behind] = [hang(first.signal), hang(second.signal), find()]
    second.abort()
    expect(await waiting).toContain('hung up')
    first.abort()
    expect(await atWork).toContain('hung up')
    expect((await behind).total).toBe(1)
  })

  test('refuses more than may wait, answers those who do, and then takes others', async () => {
    const hung = hang()
    const leaves = new AbortController()
    const waiting = Array.from({ length: MAX_WAITING_SEARCHES - 1 }, () => find())
    const left = hang(leaves.signal)
    const refusal = { code: 'unavailable', advice: expect.stringMatching(/^Try again/) }
    await expect(find()).rejects.toMatchObject(refusal)
    leaves.abort()
    expect(await left).toContain('hung up')
    const last = find()
    await expect(find()).rejects.toMatchObject(refusal)

    vi.advanceTimersByTime(SEARCH_HANG_MS)
    expect(await hung).toContain('took too long')
    const totals = (await Promise.all([...waiting, last])).map(({ total }) => total)
    expect(totals).toEqual(totals.map(() => 1))
    expect(totals).toHaveLength(MAX_WAITING_SEARCHES)
    expect((await find()).total).toBe(1)
  })
})
