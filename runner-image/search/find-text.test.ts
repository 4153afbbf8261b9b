import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { FOUND_TEXT_CHARS } from '#protocol/found-line.ts'
import type { FoundFile } from '#protocol/text-search.ts'
import { findText } from './find-text.ts'
import { MAX_FOUND_MATCHES, MAX_SEARCHED_FILE_BYTES } from './limits.ts'
import type { FindSearch } from './search-messages.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-find-'))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

async function put(files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
}

type Asked = Partial<FindSearch['query']> & Partial<Pick<FindSearch, 'include' | 'exclude' | 'includeIgnored'>>

function find(text: string, { include = [], exclude = [], includeIgnored = false, ...query }: Asked = {}) {
  const files: FoundFile[] = []
  const search: FindSearch = {
    kind: 'find',
    root,
    rulesFrom: root,
    includeIgnored,
    query: { text, isRegex: false, matchCase: false, wholeWord: false, ...query },
    include,
    exclude,
  }
  const answer = findText(search, (found) => files.push(...found))
  return { ...answer, files }
}

const paths = (text: string, more: Asked = {}) => find(text, more).files.map(({ path }) => path)
/** `line:start+length` of each place in the one file that has any. */
const places = (text: string, more: Asked = {}) =>
  find(text, more).files[0]?.matches.map(({ line, start, length }) => `${line}:${start}+${length}`)

describe('what is found', () => {
  test('each place, also several in a line, in lines that end either way, behind a byte order mark', async () => {
    await put({ 'a.txt': '\uFEFFone One\r\n\r\ntwone\n' })
    expect(places('one')).toEqual(['1:0+3', '1:4+3', '3:2+3'])
    expect(places('one', { matchCase: true })).toEqual(['1:0+3', '3:2+3'])
    expect(places('one', { wholeWord: true })).toEqual(['1:0+3', '1:4+3'])
  })

  test('a text is meant as it stands, a pattern is not', async () => {
    await put({ 'a.txt': 'f(x) [1]\nfx 1\n' })
    expect(places('f(x) [1]')).toEqual(['1:0+8'])
    expect(places('f\\(?x', { isRegex: true })).toEqual(['1:0+3', '2:0+2'])
    expect(places('^', { isRegex: true })).toEqual(['1:0+0', '2:0+0'])
    expect(places('(?!\\s)$', { isRegex: true })).toEqual(['1:8+0', '2:4+0'])
  })

  test('words of any script are whole', async () => {
    await put({ 'a.txt': 'für f f_ f1 f\n' })
    expect(places('f', { wholeWord: true })).toEqual(['1:4+1', '1:12+1'])
  })

  test('a line is shown about the match, without its indentation', async () => {
    const long = 'x'.repeat(2000)
    await put({ 'a.txt': `    return needle\n${long}needle${long}\n` })
    const [first, second] = find('needle').files[0]?.matches ?? []
    expect(first).toMatchObject({ text: 'return needle', at: 7 })
    expect(second?.text.startsWith('…')).toBe(true)
    expect(second?.text.slice(second.at, second.at + 6)).toBe('needle')
    expect(second?.text.length).toBe(FOUND_TEXT_CHARS + 1)
  })
})

describe('where', () => {
  test('ignored and binary files are left out, large ones counted; ignored ones are searched if wanted', async () => {
    await put({
      '.gitignore': 'out/\n',
      'out/a.txt': 'needle',
      'node_modules/b.txt': 'needle',
      'src/c.txt': 'needle',
      'src/d.bin': 'needle\0',
      'large.txt': '',
    })
    await truncate(join(root, 'large.txt'), MAX_SEARCHED_FILE_BYTES + 1)
    expect(find('needle')).toMatchObject({ matches: 1, files: [{ path: 'src/c.txt' }], filesTooLarge: 1 })
    expect(paths('needle', { includeIgnored: true })).toEqual(['node_modules/b.txt', 'out/a.txt', 'src/c.txt'])
  })

  test('globs choose files and folders, at any depth or from the top', async () => {
    await put({ 'a.ts': 'x', 'a.js': 'x', 'src/b.ts': 'x', 'src/test/c.ts': 'x', 'lib/src/d.ts': 'x' })
    expect(paths('x', { include: ['*.ts'] })).toEqual(['lib/src/d.ts', 'src/test/c.ts', 'src/b.ts', 'a.ts'])
    expect(paths('x', { include: ['src'] })).toEqual(['lib/src/d.ts', 'src/test/c.ts', 'src/b.ts'])
    expect(paths('x', { include: ['./src'] })).toEqual(['src/test/c.ts', 'src/b.ts'])
    expect(paths('x', { include: ['src/test/'] })).toEqual(['src/test/c.ts'])
    expect(paths('x', { include: ['src/**/*.ts', 'a.js'] })).toEqual(['src/test/c.ts', 'src/b.ts', 'a.js'])
    expect(paths('x', { exclude: ['test', '*.js', 'lib/**'] })).toEqual(['src/b.ts', 'a.ts'])
  })
})

test('what is found is told as it is, up to a limit that is named', async () => {
  await put({ 'a.txt': 'x\n'.repeat(MAX_FOUND_MATCHES - 1), 'b.txt': 'x x x', 'c.txt': 'x' })
  const { stoppedBy, matches, files } = find('x')
  expect({ stoppedBy, matches }).toEqual({ stoppedBy: 'matches', matches: MAX_FOUND_MATCHES })
  expect(files.map(({ path, matches }) => [path, matches.length])).toEqual([
    ['a.txt', MAX_FOUND_MATCHES - 1],
    ['b.txt', 1],
  ])
})
