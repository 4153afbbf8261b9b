import { openAsBlob } from 'node:fs'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { WireError } from '#protocol/errors.ts'
import { NodeXhr } from '#components/_node-xhr.ts'
import { sources, workspace } from './_workspace.ts'
import type { Transfers } from './transfers.ts'
import type { TakenNames, UploadState } from './upload-batch.ts'
import type { UploadOutcome } from './upload-outcome.ts'

beforeAll(() => vi.stubGlobal('XMLHttpRequest', NodeXhr))
afterAll(() => vi.unstubAllGlobals())

const BEFORE = { 'in/a.txt': 'old', 'in/deep/b.txt': 'old' }
const UPLOADED = { 'a.txt': 'new', 'deep/b.txt': 'new', 'c.txt': 'new' }

test.each<[TakenNames, Record<string, string>]>([
  ['skip', { ...BEFORE, 'in/c.txt': 'new' }],
  ['replace', { 'in/a.txt': 'new', 'in/deep/b.txt': 'new', 'in/c.txt': 'new' }],
  ['keep-both', { ...BEFORE, 'in/c.txt': 'new', 'in/a (2).txt': 'new', 'in/deep/b (2).txt': 'new' }],
])('names that are taken are asked for once for the whole batch: %s', async (choice, after) => {
  await using it = await workspace(BEFORE)
  it.answer(choice)
  await it.transfers.upload(sources(UPLOADED), 'in')
  expect(it.asked).toEqual(['in/a.txt in/deep/b.txt of 3'])
  expect(Object.fromEntries(it.files)).toEqual(after)
  expect(it.transfers.uploads.getSnapshot()).toEqual([])
})

test('keeping both goes on to a name that nobody has, also where the tree does not show it yet', async () => {
  await using it = await workspace({ 'a.txt': '1', 'a (2).txt': '2', 'a (3).txt': '3' })
  it.hidden.add('a (3).txt')
  it.answer('keep-both')
  await it.transfers.upload(sources({ 'a.txt': 'new' }), '')
  expect(Object.fromEntries(it.files)).toEqual({
    'a.txt': '1',
    'a (2).txt': '2',
    'a (3).txt': '3',
    'a (4).txt': 'new',
  })
})

test('a batch that comes while another one asks waits for the answer', async () => {
  await using it = await workspace({ 'a.txt': 'old', 'b.txt': 'old' })
  const first = it.transfers.upload(sources({ 'a.txt': 'new' }), '')
  const second = it.transfers.upload(sources({ 'b.txt': 'new' }), '')
  await expect.poll(() => it.transfers.question.getSnapshot()?.taken).toEqual(['a.txt'])
  it.transfers.question.getSnapshot()?.answer('replace')
  await first
  await expect.poll(() => it.transfers.question.getSnapshot()?.taken).toEqual(['b.txt'])
  it.transfers.question.getSnapshot()?.answer('skip')
  await second
  expect(Object.fromEntries(it.files)).toEqual({ 'a.txt': 'new', 'b.txt': 'old' })
})

const NONE: UploadOutcome = { tone: 'failed', title: '', reasons: [], again: [] }

/** What is said of each batch that is over. */
function outcomes(transfers: Transfers): UploadOutcome[] {
  return transfers.uploads.getSnapshot().flatMap((one) => (one.kind === 'over' ? one.outcome : []))
}

/** The words alone. */
function words(transfers: Transfers) {
  const [{ again, ...said } = NONE] = outcomes(transfers)
  return { ...said, again: again.map(({ path }) => path) }
}

const kinds = (transfers: Transfers) => transfers.uploads.getSnapshot().map(({ kind }) => kind)
const idOf = (transfers: Transfers, at: number) => transfers.uploads.getSnapshot()[at]?.id ?? 0

const TOO_LONG: WireError = { code: 'bad_request', message: 'This name is too long.' }
const NOT_ALLOWED: WireError = {
  code: 'forbidden',
  message: 'in/b.txt: The file system does not permit this.',
  advice: 'Change its permissions in a terminal (chmod).',
  path: 'in/b.txt',
}

describe('one that is refused', () => {
  test('does not end the batch, and is named with its reason when the others are there', async () => {
    await using it = await workspace({})
    it.behaviours.set('in/a.txt', TOO_LONG)
    it.behaviours.set('in/b.txt', NOT_ALLOWED)
    await it.transfers.upload(sources({ 'a.txt': '1', 'b.txt': '2', 'c.txt': '3' }), 'in')
    expect(Object.fromEntries(it.files)).toEqual({ 'in/c.txt': '3' })
    expect(words(it.transfers)).toEqual({
      tone: 'failed',
      title: '2 of 3 files were not uploaded.',
      reasons: ['in/a.txt: This name is too long.', NOT_ALLOWED.message],
      again: ['in/b.txt'],
    })
    expect(it.transfers.isUploading.getSnapshot()).toBe(false)
  })

  test('is tried again alone, where that can help', async () => {
    await using it = await workspace({})
    it.behaviours.set('in/b.txt', NOT_ALLOWED)
    await it.transfers.upload(sources({ 'a.txt': '1', 'b.txt': '2' }), 'in')
    expect(words(it.transfers)).toMatchObject({ title: '1 of 2 files was not uploaded.', advice: NOT_ALLOWED.advice })
    it.behaviours.clear()
    await it.transfers.tryAgain(idOf(it.transfers, 0))
    expect(Object.fromEntries(it.files)).toEqual({ 'in/a.txt': '1', 'in/b.txt': '2' })
    expect(it.requests).toEqual(['in/a.txt', 'in/b.txt', 'in/b.txt'])
    expect(it.transfers.uploads.getSnapshot()).toEqual([])
  })

  test('of very many only the first are named', async () => {
    await using it = await workspace({})
    const many = ['0', 'a', 'is', 'name', 'd', 'e']
    for (const path of many.slice(1)) it.behaviours.set(path, TOO_LONG)
    await it.transfers.upload(sources(Object.fromEntries(many.map((path) => [path, 'x']))), '')
    expect(words(it.transfers)).toEqual({
      tone: 'failed',
      title: '5 of 6 files were not uploaded.',
      reasons: [...['a', 'is', 'name'].map((name) => `${name}: This name is too long.`), 'and 2 more'],
      again: [],
    })
  })

  test('because it changed on the way says that, and not that the line broke', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'devex-upload-'))
    try {
      await using it = await workspace({})
      const file = join(folder, 'log.txt')
      await writeFile(file, 'before')
      const blob = await openAsBlob(file)
      await appendFile(file, ' and after')
      await it.transfers.upload([{ path: 'log.txt', blob }, ...sources({ 'b.txt': 'b' })], '')
      expect(Object.fromEntries(it.files)).toEqual({ 'b.txt': 'b' })
      expect(words(it.transfers)).toEqual({
        tone: 'failed',
        title: '1 of 2 files was not uploaded.',
        reasons: ['"log.txt" could not be read. It was moved, deleted or changed after it was chosen.'],
        advice: 'Choose it again.',
        again: [],
      })
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

describe('what would hit every file ends the batch at once', () => {
  test.each<[string, WireError, string[]]>([
    ['signed out', { code: 'unauthenticated', message: 'Sign in first.' }, ['b.txt', 'c.txt']],
    ['a full disk', { code: 'quota_exceeded', message: 'The disk of this repl is full.' }, ['b.txt', 'c.txt']],
    ['a lost role', { code: 'forbidden', message: 'That needs the role editor; yours here is viewer.' }, []],
    ['a REPL that is gone', { code: 'not_found', message: 'There is no such REPL.' }, []],
  ])('%s', async (_, error, again) => {
    await using it = await workspace({})
    it.behaviours.set('b.txt', error)
    await it.transfers.upload(sources({ 'a.txt': '1', 'b.txt': '2', 'c.txt': '3' }), '')
    expect(it.requests).toEqual(['a.txt', 'b.txt'])
    expect(words(it.transfers)).toEqual({
      tone: 'failed',
      title: '2 of 3 files were not uploaded.',
      reasons: [error.message],
      again,
    })
  })

  test('a line that breaks, in words of ours, and the rest can be tried again', async () => {
    await using it = await workspace({})
    it.behaviours.set('b.txt', 'cut')
    await it.transfers.upload(sources({ 'a.txt': '1', 'b.txt': '2', 'c.txt': '3' }), '')
    expect(words(it.transfers)).toEqual({
      tone: 'failed',
      title: '2 of 3 files were not uploaded.',
      reasons: ['The connection broke while "b.txt" was on its way.'],
      advice: 'Check your connection and try again.',
      again: ['b.txt', 'c.txt'],
    })
    it.behaviours.clear()
    await it.transfers.tryAgain(idOf(it.transfers, 0))
    expect(Object.fromEntries(it.files)).toEqual({ 'a.txt': '1', 'b.txt': '2', 'c.txt': '3' })
  })

  test('a line on which nothing moves, and the next batch begins', async () => {
    await using it = await workspace({}, { stallMs: 50 })
    it.behaviours.set('a.txt', 'silent')
    const first = it.transfers.upload(sources({ 'a.txt': '1' }), '')
    await it.transfers.upload(sources({ 'b.txt': '2' }), '')
    await first
    expect(Object.fromEntries(it.files)).toEqual({ 'b.txt': '2' })
    expect(words(it.transfers)).toEqual({
      tone: 'failed',
      title: '"a.txt" was not uploaded.',
      reasons: ['Nothing of "a.txt" moved for 0.05 s, so it was given up.'],
      advice: 'Check your connection and try again.',
      again: ['a.txt'],
    })
  })
})

describe('cancelling', () => {
  test('ends the request under way, keeps what is uploaded, and lets the next batch begin', async () => {
    await using it = await workspace({})
    it.behaviours.set('b.txt', 'silent')
    const first = it.transfers.upload(sources({ 'a.txt': '1', 'b.txt': '2', 'c.txt': '3' }), '')
    const second = it.transfers.upload(sources({ 'd.txt': '4' }), '')
    expect(kinds(it.transfers)).toEqual(['waiting', 'waiting'])
    await expect.poll(() => it.requests).toEqual(['a.txt', 'b.txt'])
    expect(kinds(it.transfers)).toEqual(['sending', 'waiting'])
    expect(it.transfers.isUploading.getSnapshot()).toBe(true)
    it.transfers.cancel(idOf(it.transfers, 0))
    await Promise.all([first, second])
    expect(Object.fromEntries(it.files)).toEqual({ 'a.txt': '1', 'd.txt': '4' })
    expect(words(it.transfers)).toEqual({
      tone: 'cancelled',
      title: 'Upload cancelled: 1 of 3 files was uploaded, the other 2 were not.',
      reasons: [],
      again: [],
    })
    expect(it.transfers.isUploading.getSnapshot()).toBe(false)
  })

  test('a batch that waits never begins', async () => {
    await using it = await workspace({})
    it.behaviours.set('a.txt', 'silent')
    const first = it.transfers.upload(sources({ 'a.txt': '1' }), '')
    const second = it.transfers.upload(sources({ 'b.txt': '2', 'c.txt': '3' }), '')
    await expect.poll(() => it.requests).toEqual(['a.txt'])
    it.transfers.cancel(idOf(it.transfers, 1))
    expect(kinds(it.transfers)).toEqual(['sending', 'over'])
    expect(words(it.transfers).title).toBe('Upload cancelled: none of the 2 files was uploaded.')
    it.transfers.cancel(idOf(it.transfers, 0))
    await Promise.all([first, second])
    expect(it.requests).toEqual(['a.txt'])
  })

  test('a batch that asks takes its question back', async () => {
    await using it = await workspace({ 'a.txt': 'old' })
    const done = it.transfers.upload(sources({ 'a.txt': 'new', 'b.txt': 'new' }), '')
    await expect.poll(() => it.transfers.question.getSnapshot()?.taken).toEqual(['a.txt'])
    it.transfers.cancel(idOf(it.transfers, 0))
    await done
    expect(it.transfers.question.getSnapshot()).toBeUndefined()
    expect(Object.fromEntries(it.files)).toEqual({ 'a.txt': 'old', 'b.txt': 'new' })
    expect(words(it.transfers).title).toBe('Upload cancelled: 1 of 2 files was uploaded, the other one was not.')
  })

  test('what was cancelled is forgotten with the next upload, what failed only when it was read', async () => {
    await using it = await workspace({})
    it.behaviours.set('a.txt', TOO_LONG)
    it.behaviours.set('b.txt', 'silent')
    await it.transfers.upload(sources({ 'a.txt': '1' }), '')
    const cancelled = it.transfers.upload(sources({ 'b.txt': '2' }), '')
    it.transfers.cancel(idOf(it.transfers, 1))
    await cancelled
    expect(outcomes(it.transfers).map(({ tone }) => tone)).toEqual(['failed', 'cancelled'])
    await it.transfers.upload(sources({ 'c.txt': '3' }), '')
    expect(outcomes(it.transfers).map(({ tone }) => tone)).toEqual(['failed'])
    it.transfers.dismiss(idOf(it.transfers, 0))
    expect(it.transfers.uploads.getSnapshot()).toEqual([])
  })
})

test('one large file shows its bytes on their way', async () => {
  await using it = await workspace({})
  const shown: UploadState[] = []
  it.transfers.uploads.subscribe(() => shown.push(...it.transfers.uploads.getSnapshot()))
  await it.transfers.upload(sources({ 'big.bin': 'x'.repeat(1_000_000) }), '')
  const sent = shown.flatMap((one) => (one.kind === 'sending' ? one.sentBytes : []))
  expect(sent).toEqual(sent.toSorted((a, b) => a - b))
  expect(sent.some((bytes) => bytes > 0 && bytes < 1_000_000)).toBe(true)
  expect(sent.at(-1)).toBe(1_000_000)
})
