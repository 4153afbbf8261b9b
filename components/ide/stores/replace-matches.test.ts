import { describe, expect, test } from 'vitest'
import { foundLine } from '#protocol/found-line.ts'
import { compileQuery } from '#protocol/search-pattern.ts'
import type { FoundMatch, TextQuery } from '#protocol/text-search.ts'
import { replaceMatches, shownReplacement } from './replace-matches.ts'

const PLAIN: TextQuery = { text: '', isRegex: false, matchCase: false, wholeWord: false }

/** What the runner would find. */
function find(text: string, query: TextQuery): FoundMatch[] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .flatMap((line, index) =>
      [...line.matchAll(compileQuery(query))].map((found) => ({
        line: index + 1,
        start: found.index,
        length: found[0].length,
        ...foundLine(line, found.index),
      })),
    )
}

interface Asked extends Partial<TextQuery> {
  by: string
  /** Which of what is found, by their numbers; all, if not said. */
  only?: number[]
}

function replace(text: string, { by, only, ...asked }: Asked) {
  const query = { ...PLAIN, ...asked }
  const found = find(text, query)
  const isChosen = (_: FoundMatch, index: number) => only?.includes(index) ?? true
  const chosen = found.filter(isChosen)
  const others = found.filter((match) => !chosen.includes(match))
  return { query, ...replaceMatches(text, { query, replacement: by, chosen, others }) }
}

describe('replacing', () => {
  test('all places, with line ends and a byte order mark as they are', () => {
    const { text, count } = replace('\uFEFFone One\r\ntwo\nstone', { text: 'one', by: 'I$&' })
    expect(text).toBe('\uFEFFI$& I$&\r\ntwo\nstI$&')
    expect(count).toBe(3)
  })

  test('one of several in a line; the others stand where they are now', () => {
    const { text, others, query } = replace('a a a\nb\na', { text: 'a', by: 'long', only: [1] })
    expect(text).toBe('a long a\nb\na')
    expect(others.map(({ line, start }) => [line, start])).toEqual([
      [1, 0],
      [1, 7],
      [3, 0],
    ])
    expect(others).toEqual(find(text, query))
  })

  test('what has changed since is left as it is', () => {
    const query = { ...PLAIN, text: 'old' }
    const chosen = find('old\nold old\nold', query)
    const { text, count } = replaceMatches('new\nold  old', { query, replacement: 'x', chosen, others: [] })
    expect([text, count]).toEqual(['new\nx  old', 1])
  })

  test('groups of a pattern, by number and by name', () => {
    const swap = { text: '(\\w+)=(?<value>\\w+)', isRegex: true }
    expect(replace('a=1, b=2', { ...swap, by: '$2=$1' }).text).toBe('1=a, 2=b')
    expect(replace('a=1', { ...swap, by: '$<value>$$$&$10$3\\\\' }).text).toBe('1$a=1a0$3\\')
    expect(replace('a=1', { ...swap, by: '\\t$<none>.' }).text).toBe('\t.')
  })

  test('a line can be broken in two, with the end that the file has', () => {
    const { text, others } = replace('a;b;c\r\nd;e', { text: ';', isRegex: true, by: ';\\n', only: [0] })
    expect(text).toBe('a;\r\nb;c\r\nd;e')
    expect(others.map(({ line, start }) => [line, start])).toEqual([[3, 1]])
  })

  test('nothing is a place too', () => {
    expect(replace('a\nb', { text: '^', isRegex: true, by: '// ' }).text).toBe('// a\n// b')
  })
})

test('what is shown of a replacement is what will be there', () => {
  const query = { ...PLAIN, text: '(a)(b)?', isRegex: true }
  const [first] = find('  xab', query)
  expect(first && shownReplacement(first, query, '[$2$1]')).toBe('[ba]')
})
