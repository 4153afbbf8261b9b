import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TestClient } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
  await mkdir(join(fixture.workspace, 'src'))
  for (const name of ['a', 'b', 'c']) await writeFile(join(fixture.workspace, `src/${name}.txt`), `needle ${name}\n`)
  await writeFile(join(fixture.workspace, 'hang.txt'), `${'a'.repeat(60)}!\n`)
})
afterAll(async () => fixture[Symbol.asyncDispose]())

const plain = { isRegex: false, matchCase: false, wholeWord: false }
const HANG = { text: '^(a+)+$', isRegex: true, matchCase: true, wholeWord: false }

function foundBy(client: TestClient): unknown[] {
  return client.events.filter(({ event }) => event === 'search.found').map(({ data }) => data)
}

test('a viewer searches, and is told of what is found before the answer; others are not', async () => {
  using viewer = await fixture.connect('viewer')
  using other = await fixture.connect('owner')
  const query = { text: 'NEEDLE', ...plain }
  const answer = await viewer.request('search.text', { search: 7, query, exclude: ['b.txt'] })
  expect(answer).toMatchObject({ matches: 2, files: 2 })
  const files = foundBy(viewer).flatMap((data) => (typeof data === 'object' && data !== null ? [data] : []))
  expect(files).toMatchObject([{ search: 7, files: [{ path: 'src/a.txt' }, { path: 'src/c.txt' }] }])
  expect(foundBy(other)).toEqual([])
})

test('a further search ends the one before, and so does who closes the page', async () => {
  using client = await fixture.connect('editor')
  const hung = client.request('search.text', { search: 1, query: HANG }).catch(String)
  const next = await client.request('search.text', { search: 2, query: { text: 'needle b', ...plain } })
  expect(next.matches).toBe(1)
  expect(await hung).toContain('hung up')

  const leaving = await fixture.connect('editor')
  void leaving.request('search.text', { search: 1, query: HANG }).catch(() => undefined)
  await leaving.request('ping', {})
  leaving[Symbol.dispose]()
  expect(await client.request('search.text', { search: 3, query: { text: 'needle', ...plain } })).toMatchObject({
    matches: 3,
  })
})

test('a pattern of a viewer that hangs holds up no editor', async () => {
  using viewer = await fixture.connect('viewer')
  using editor = await fixture.connect('editor')
  const hung = viewer.request('search.text', { search: 1, query: HANG }).catch(String)
  await viewer.request('ping', {})
  const found = await editor.request('search.text', { search: 1, query: { text: 'needle', ...plain } })
  expect(found.matches).toBe(3)
  await viewer.request('search.cancel', {})
  expect(await hung).toContain('hung up')
})

test('one that is cancelled is answered at once', async () => {
  using client = await fixture.connect('editor')
  const hung = client.request('search.text', { search: 1, query: HANG }).catch(String)
  await client.request('search.cancel', {})
  expect(await hung).toContain('hung up')
  await client.request('search.cancel', {})
})

test('a pattern that is none is refused with its reason', async () => {
  using client = await fixture.connect('editor')
  const query = { ...HANG, text: '(' }
  const refused = await client.request('search.text', { search: 1, query }).catch(String)
  expect(refused).toMatch(/bad_request: .*Unterminated group/)
})
