import { expect, test } from 'vitest'
import { isAmong, outermost } from './outermost.ts'

test('what lies in a chosen folder goes with it, however deep and in whatever order', () => {
  expect(outermost(['d/e/x', 'a', 'd', 'd/y', 'dd/z', 'a'])).toEqual(['a', 'd', 'dd/z'])
})

test('a path is among paths that it is or lies in, not among those that begin alike', () => {
  expect(isAmong('d', new Set(['d']))).toBe(true)
  expect(isAmong('d/e/x', new Set(['d']))).toBe(true)
  expect(isAmong('dd/x', new Set(['d']))).toBe(false)
  expect(isAmong('', new Set(['d']))).toBe(false)
})
