import { describe, expect, test } from 'vitest'
import { foundLine } from '#protocol/found-line.ts'
import { MAX_GLOBS, MAX_QUERY_CHARS } from '#protocol/limits.ts'
import type { RequestParams } from '#protocol/messages.ts'
import { compileQuery } from '#protocol/search-pattern.ts'
import type { FoundFile, TextQuery } from '#protocol/text-search.ts'
import { FakeDisk } from './_fake-disk.ts'
import { FakeRunner, NO_ANSWER } from './_fake-runner.ts'
import { openPage } from './_page.ts'
import { replaceFound, searchText, stepFound, undoReplace } from './actions.ts'
import { foundKey, globsOf } from './text-search.ts'

type Asked = RequestParams<'search.text'>

/** The page of a REPL with these files, and a runner that finds in them what is asked for. */
async function bench(content: Record<string, string>) {
  const runner = new FakeRunner()
  const disk = new FakeDisk(runner, content)
  runner.handle('search.cancel', () => ({}))
  const answer = ({ search, query }: Asked) => {
    const files = [...disk.files].map(([path, text]) => fileOf(path, text, query)).filter(hasAny)
    runner.emit('search.found', { search, files })
    const matches = files.reduce((sum, file) => sum + file.matches.length, 0)
    return { matches, files: files.length, filesSearched: disk.files.size, filesTooLarge: 0 }
  }
  runner.handle('search.text', answer)
  const page = openPage(runner)
  const { workbench } = page
  await expect.poll(() => workbench.connection.state.getSnapshot().kind).toBe('open')
  const { search } = workbench
  return {
    runner,
    disk,
    workbench,
    search,
    toasts: page.toasts,
    answer,
    progress: () => search.state.getSnapshot().progress,
    /** `path:places` of what is shown. */
    shown: () => search.state.getSnapshot().files.map(({ path, matches }) => `${path}:${matches.length}`),
    asked: () => runner.askedFor('search.text'),
    async searchFor(text: string) {
      search.edit({ text })
      await search.search()
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  }
}

function fileOf(path: string, text: string, query: TextQuery): FoundFile {
  const matches = text.split('\n').flatMap((line, index) =>
    [...line.matchAll(compileQuery(query))].map((found) => ({
      line: index + 1,
      start: found.index,
      length: found[0].length,
      ...foundLine(line, found.index),
    })),
  )
  return { path, matches }
}

function hasAny({ matches }: FoundFile): boolean {
  return matches.length > 0
}

describe('searching', () => {
  test('begins by itself once the person rests, and shows what comes', async () => {
    await using it = await bench({ 'a.txt': 'one\none', 'b.txt': 'two' })
    it.search.edit({ text: 'o' })
    it.search.edit({ text: 'one', include: 'src, *.{ts,js}', exclude: ' ' })
    await expect.poll(it.shown).toEqual(['a.txt:2'])
    await expect.poll(it.progress).toMatchObject({ kind: 'done', found: { matches: 2 } })
    expect(it.asked()).toMatchObject([{ query: { text: 'one' }, include: ['src', '*.{ts,js}'], exclude: [] }])
  })

  test('what was found before stays until something else is', async () => {
    await using it = await bench({ 'a.txt': 'one' })
    await it.searchFor('one')
    it.runner.handle('search.text', () => NO_ANSWER)
    void it.searchFor('on')
    await expect.poll(it.asked).toHaveLength(2)
    expect([it.shown(), it.progress().kind]).toEqual([['a.txt:1'], 'searching'])
    it.runner.handle('search.text', it.answer)
    await it.searchFor('nothing')
    expect(it.shown()).toEqual([])
  })

  test('what comes of a search that was stopped is not shown', async () => {
    await using it = await bench({ 'a.txt': 'one' })
    let search = 0
    it.runner.handle('search.text', (asked: { search: number }) => {
      search = asked.search
      return NO_ANSWER
    })
    void it.searchFor('one')
    await expect.poll(() => search).toBeGreaterThan(0)
    it.search.stop()
    await expect.poll(() => it.runner.askedFor('search.cancel')).toHaveLength(1)
    it.runner.emit('search.found', { search, files: [fileOf('a.txt', 'one', { ...PLAIN, text: 'one' })] })
    await it.workbench.connection.request('ping', {})
    expect([it.shown(), it.progress().kind]).toEqual([[], 'stopped'])
  })

  test('what cannot be searched for is said before anybody is asked', async () => {
    await using it = await bench({})
    it.search.edit({ isRegex: true })
    await it.searchFor('(')
    expect(it.progress()).toMatchObject({ kind: 'failed', error: { message: expect.stringContaining('Unterminated') } })
    it.search.edit({ isRegex: false })
    await it.searchFor('x'.repeat(MAX_QUERY_CHARS + 1))
    expect(it.progress().kind).toBe('failed')
    it.search.edit({ include: 'a,'.repeat(MAX_GLOBS + 1) })
    await it.searchFor('x')
    expect(it.progress().kind).toBe('failed')
    expect(it.asked()).toEqual([])
    it.search.clear()
    expect(it.progress().kind).toBe('idle')
  })

  test('goes on by itself after the line was lost', async () => {
    await using it = await bench({ 'a.txt': 'one' })
    it.runner.handle('search.text', () => NO_ANSWER)
    void it.searchFor('one')
    await expect.poll(it.asked).toHaveLength(1)
    it.runner.handle('search.text', it.answer)
    it.runner.tear()
    await expect.poll(it.shown).toEqual(['a.txt:1'])
  })

  test('says that files were changed since, but not by itself', async () => {
    await using it = await bench({ 'a.txt': 'one', 'b.txt': 'one' })
    await it.searchFor('one')
    const changed = (path: string) => ({ changes: [{ path, kind: 'modified' as const }], overflow: false })
    it.runner.emit('files.changed', changed('c.txt'))
    await it.workbench.connection.request('ping', {})
    expect(it.search.state.getSnapshot().isStale).toBe(false)
    it.runner.emit('files.changed', changed('b.txt'))
    await expect.poll(() => it.search.state.getSnapshot().isStale).toBe(true)
    await it.search.search()
    expect(it.search.state.getSnapshot().isStale).toBe(false)
  })
})

describe('what was found', () => {
  test('is gone through place by place, round and round', async () => {
    await using it = await bench({ 'a.txt': 'one\none', 'b.txt': 'one' })
    await it.searchFor('one')
    const places = []
    for (const by of [1, 1, 1, 1, -1] as const) {
      stepFound(it.workbench, by)
      places.push(it.search.chosen.getSnapshot())
    }
    const [first, second] = it.search.matchesOf('a.txt')
    const [third] = it.search.matchesOf('b.txt')
    const [one, two, three] = [foundKey('a.txt', first), foundKey('a.txt', second), foundKey('b.txt', third)]
    expect(places).toEqual([one, two, three, one, three])
    expect(it.workbench.tabs.state.getSnapshot().active).toBe('b.txt')
  })

  test('can be left out, a place or a file', async () => {
    await using it = await bench({ 'a.txt': 'one\none', 'b.txt': 'one' })
    await it.searchFor('one')
    it.search.dismiss('a.txt', it.search.matchesOf('a.txt')[0])
    it.search.dismiss('b.txt')
    expect(it.shown()).toEqual(['a.txt:1'])
  })

  test('the search of a folder looks there only', async () => {
    await using it = await bench({ 'a.txt': 'one' })
    searchText(it.workbench, { include: './src' })
    await it.searchFor('one')
    expect(it.asked()).toMatchObject([{ include: ['./src'] }])
    expect(it.workbench.memory.layout.getSnapshot().side).toBe('search')
  })
})

describe('replacing', () => {
  test('changes all files, open ones too, and brings them back', async () => {
    await using it = await bench({ 'a.txt': 'one one', 'b.txt': 'one', 'c.txt': 'two' })
    const document = it.workbench.documents.open('b.txt')
    await expect.poll(() => document.state.getSnapshot().kind).toBe('text')
    await it.searchFor('one')
    it.search.edit({ replacement: 'two' })
    await replaceFound(it.workbench, it.search.state.getSnapshot().files)
    expect([...it.disk.files.values()]).toEqual(['two two', 'two', 'two'])
    expect(it.shown()).toEqual([])
    expect(it.workbench.replacing.state.getSnapshot()).toMatchObject({ kind: 'replaced', matches: 3, gone: 0 })
    await document.check()
    expect(document.buffer.getText()).toBe('two')
    await undoReplace(it.workbench)
    expect([...it.disk.files.values()]).toEqual(['one one', 'one', 'two'])
    await expect.poll(it.shown).toEqual(['a.txt:2', 'b.txt:1'])
    expect(it.toasts).toEqual([])
  })

  test('one place; the others can be replaced after it', async () => {
    await using it = await bench({ 'a.txt': 'one one one' })
    await it.searchFor('one')
    it.search.edit({ replacement: 'three' })
    for (const _ of [1, 2, 3]) {
      const matches = it.search.matchesOf('a.txt').slice(-1)
      await replaceFound(it.workbench, [{ path: 'a.txt', matches }])
    }
    expect(it.disk.files.get('a.txt')).toBe('three three three')
    expect(it.shown()).toEqual([])
  })

  test('leaves what was changed since, and says so', async () => {
    await using it = await bench({ 'a.txt': 'one\none' })
    await it.searchFor('one')
    it.disk.files.set('a.txt', 'other\none')
    it.search.edit({ replacement: 'x' })
    await replaceFound(it.workbench, it.search.state.getSnapshot().files)
    expect(it.disk.files.get('a.txt')).toBe('other\nx')
    expect(it.workbench.replacing.state.getSnapshot()).toMatchObject({ kind: 'replaced', matches: 1, gone: 1 })
  })

  test('a file that cannot be changed is named, the others are changed', async () => {
    await using it = await bench({ 'a.txt': 'one', 'b.txt': 'one', 'c.bin': 'one' })
    await it.searchFor('one')
    it.disk.files.set('c.bin', 'one\0')
    it.search.edit({ replacement: 'x' })
    await replaceFound(it.workbench, it.search.state.getSnapshot().files)
    expect([it.disk.files.get('a.txt'), it.disk.files.get('b.txt')]).toEqual(['x', 'x'])
    expect(it.toasts).toMatchObject([{ title: '"c.bin" could not be changed.', tone: 'failed' }])
    expect(it.shown()).toEqual(['c.bin:1'])
  })

  test('what somebody wrote after it is not undone', async () => {
    await using it = await bench({ 'a.txt': 'one', 'b.txt': 'one' })
    await it.searchFor('one')
    it.search.edit({ replacement: 'x' })
    await replaceFound(it.workbench, it.search.state.getSnapshot().files)
    it.disk.files.set('a.txt', 'theirs')
    await undoReplace(it.workbench)
    expect([it.disk.files.get('a.txt'), it.disk.files.get('b.txt')]).toEqual(['theirs', 'one'])
    expect(it.toasts).toMatchObject([{ title: '"a.txt" could not be put back.' }])
  })
})

test('globs are parted at commas, but not within braces', () => {
  expect(globsOf('a, *.{ts,tsx} ,, src/**')).toEqual(['a', '*.{ts,tsx}', 'src/**'])
})

const PLAIN = { isRegex: false, matchCase: false, wholeWord: false }
