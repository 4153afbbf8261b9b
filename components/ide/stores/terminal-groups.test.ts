import { expect, test } from 'vitest'
import { arrange, canSplit, nextAfter, putBeside, recall, splitsOf, stepFrom } from './terminal-groups.ts'

const ALONE = arrange([], ['a', 'b', 'c'])
const sides = (groups: typeof ALONE): string[] => groups.map(({ terminals }) => terminals.join(' '))

test('terminals stand alone, and a new one comes to the right of the one that is split', () => {
  expect(sides(ALONE)).toEqual(['a', 'b', 'c'])
  const split = putBeside(putBeside(ALONE, 'c', 'a'), 'b', 'a')
  expect(sides(split)).toEqual(['a b c'])
})

test('a group keeps its place and its id when the terminal that it began with is gone', () => {
  const split = arrange(putBeside(ALONE, 'c', 'a'), ['b', 'c'])
  expect(split).toEqual([
    { id: 'a', terminals: ['c'] },
    { id: 'b', terminals: ['b'] },
  ])
})

test('nothing changes where nothing has come or gone', () => {
  const split = putBeside(ALONE, 'b', 'a')
  expect(arrange(split, ['c', 'b', 'a'])).toBe(split)
})

test('there are only so many side by side', () => {
  const five = arrange([], ['a', 'b', 'c', 'd', 'e'])
  const four = ['b', 'c', 'd'].reduce((groups, id) => putBeside(groups, id, 'a'), five)
  expect(canSplit(four, 'a')).toBe(false)
  expect(putBeside(four, 'e', 'a')).toBe(four)
  expect(canSplit(four, 'e')).toBe(true)
})

test('after one that closes comes its neighbour, then the next group', () => {
  const split = putBeside(ALONE, 'b', 'a')
  expect(nextAfter(split, 'a')).toBe('b')
  expect(nextAfter(split, 'b')).toBe('a')
  expect(nextAfter(split, 'c')).toBe('a')
  expect(nextAfter(arrange([], ['a']), 'a')).toBeUndefined()
})

test('steps go through all of them, in the order of the tabs and around the end', () => {
  const split = putBeside(ALONE, 'c', 'a')
  expect(['a', 'c', 'b'].map((id) => stepFrom(split, id, 1))).toEqual(['c', 'b', 'a'])
  expect(stepFrom(split, 'a', -1)).toBe('b')
  expect(stepFrom([], undefined, 1)).toBeUndefined()
})

test('what stood side by side does again, as far as it is there; none stands in two places', () => {
  const split = putBeside(putBeside(ALONE, 'a', 'c'), 'b', 'a')
  expect(splitsOf(split)).toEqual([['c', 'a', 'b']])
  expect(sides(recall(splitsOf(split), ['a', 'b', 'c', 'd']))).toEqual(['c a b', 'd'])
  expect(sides(recall([['c', 'gone', 'a']], ['a', 'b', 'c']))).toEqual(['b', 'c a'])
  expect(
    sides(
      recall(
        [
          ['a', 'b'],
          ['b', 'c'],
        ],
        ['a', 'b', 'c'],
      ),
    ),
  ).toEqual(['a b', 'c'])
})
