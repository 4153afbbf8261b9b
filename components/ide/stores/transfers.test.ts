import { once } from 'node:events'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { parentOf } from '#protocol/paths.ts'
import { Transfers } from './transfers.ts'
import type { TakenNames, UploadSource } from './transfers.ts'

const REPL = 'r000000000000000'

/** A workspace behind HTTP that keeps to `If-None-Match: *`, and the page's transfers into it. */
async function workspace(content: Record<string, string>) {
  const files = new Map(Object.entries(content))
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? '').replace(`/r/${REPL}/files/`, ''))
    void text(request).then((body) => {
      const isTaken = request.headers['if-none-match'] === '*' && files.has(path)
      if (!isTaken) files.set(path, body)
      response.writeHead(isTaken ? 412 : 201).end('{}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  const hidden = new Set<string>()
  const tree = {
    list: async () => undefined,
    children: (folder: string) => [...files.keys()].filter((path) => parentOf(path) === folder && !hidden.has(path)),
  }
  const transfers = new Transfers(REPL, tree, `http://127.0.0.1:${port}`)
  const asked: string[] = []
  return {
    files,
    hidden,
    transfers,
    asked,
    /** Answers every question from now on. */
    answer: (choice: TakenNames) =>
      transfers.question.subscribe(() => {
        const question = transfers.question.getSnapshot()
        if (question === undefined) return
        asked.push(`${question.taken.join(' ')} of ${question.total}`)
        question.answer(choice)
      }),
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const sources = (files: Record<string, string>): UploadSource[] =>
  Object.entries(files).map(([path, content]) => ({ path, blob: new Blob([content]) }))

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
