import { describe, expect, test } from 'vitest'
import { focusAfter } from './focus-after.ts'

describe('the row with the focus', () => {
  const before = ['a', 'd', 'd/x', 'd/y', 'e']
  const after = (focused: string, now: readonly string[], open: readonly string[] = ['d']) =>
    focusAfter(focused, { before, now, isOpen: (folder) => open.includes(folder) })

  test('stays while it is there, wherever that is', () => {
    expect(after('e', ['e'])).toBe('e')
    expect(after('d/x', ['0', ...before])).toBe('d/x')
  })

  test('was deleted: the one that is at its place then', () => {
    expect(after('d/x', ['a', 'd', 'd/y', 'e'])).toBe('d/y')
    expect(after('a', ['d', 'd/x', 'd/y', 'e'])).toBe('d')
  })

  test('was the last: the one that is last then', () => {
    expect(after('e', ['a', 'd', 'd/x', 'd/y'])).toBe('d/y')
  })

  test('went with rows above it: the next that stayed', () => {
    expect(after('d/x', ['a', 'd/y', 'e'])).toBe('d/y')
    expect(after('d/x', ['a', 'e'])).toBe('e')
  })

  test('is in a folder that was closed: the folder', () => {
    expect(after('d/x', ['a', 'd', 'e'], [])).toBe('d')
  })

  test('is none where there are no rows, and one where all are new', () => {
    expect(after('d/x', [])).toBeNull()
    expect(after('d/x', ['new', 'other', 'third'])).toBe('third')
    expect(after('unknown', ['new', 'other'])).toBe('new')
  })
})
