import { describe, expect, test, vi } from 'vitest'
import { fuzzyMatch } from './fuzzy.ts'
import { MAX_QUICK_RESULTS } from './limits.ts'
import { parseQuickQuery, rankFiles } from './quick-files.ts'

const PATHS = ['src/server/index.ts', 'src/index.ts', 'docs/in-depth.md', 'package.json']

describe('quick open', () => {
  test('finds letters in order, best match first', () => {
    expect(rankFiles('index', PATHS, []).map((file) => file.path)).toEqual(['src/index.ts', 'src/server/index.ts'])
    expect(rankFiles('srvindex', PATHS, []).map((file) => file.path)).toEqual(['src/server/index.ts'])
    expect(rankFiles('xyz', PATHS, [])).toEqual([])
  })

  test('without a query, recent files come first', () => {
    expect(
      rankFiles('', PATHS, ['package.json', 'docs/in-depth.md'])
        .map((file) => file.path)
        .slice(0, 2),
    ).toEqual(['package.json', 'docs/in-depth.md'])
  })

  test('of many that match equally well the first by name are found, and the others are not put in order', () => {
    const paths = Array.from(
      { length: 5000 },
      (_, index) => `file-${String((index * 1999) % 5000).padStart(4, '0')}.ts`,
    )
    const compare = vi.spyOn(String.prototype, 'localeCompare')
    const found = rankFiles('file', paths, []).map((file) => file.path)
    const comparisons = compare.mock.calls.length
    compare.mockRestore()
    expect(found).toEqual(paths.toSorted().slice(0, MAX_QUICK_RESULTS))
    expect(comparisons).toBeLessThan(5 * paths.length)
  })

  test('takes a line behind a colon', () => {
    expect(parseQuickQuery('index:12')).toEqual({ query: 'index', line: 12 })
    expect(parseQuickQuery(' index ')).toEqual({ query: 'index' })
    expect(parseQuickQuery('a:b')).toEqual({ query: 'a:b' })
  })

  test('says which characters matched', () => {
    expect(fuzzyMatch('pj', 'package.json')?.positions).toEqual([0, 8])
    expect(fuzzyMatch('jp', 'package.json')).toBeUndefined()
  })
})
