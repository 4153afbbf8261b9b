import { expect, test } from 'vitest'
import { listKeyAction } from '#components/dashboard/list-keys.ts'

const press = (key: string, held: Partial<Record<'metaKey' | 'ctrlKey' | 'altKey', boolean>> = {}) => ({
  key,
  metaKey: false,
  ctrlKey: false,
  altKey: false,
  ...held,
})

test('single keys work on the page', () => {
  expect(['ArrowDown', 'ArrowUp', '/', 'n', '?', 'x'].map((key) => listKeyAction(press(key), 'page'))).toEqual([
    'next',
    'previous',
    'search',
    'new',
    'help',
    undefined,
  ])
})

test('U3: a question mark that somebody types is a question mark', () => {
  expect(listKeyAction(press('?'), 'search')).toBeUndefined()
  expect(listKeyAction(press('?'), 'typing')).toBeUndefined()
  expect(listKeyAction(press('?'), 'overlay')).toBeUndefined()
})

test('from the search box the arrow leads into the list', () => {
  expect(listKeyAction(press('ArrowDown'), 'search')).toBe('next')
  expect(listKeyAction(press('ArrowUp'), 'search')).toBeUndefined()
})

test('chords are the browser’s', () => {
  expect(listKeyAction(press('n', { ctrlKey: true }), 'page')).toBeUndefined()
  expect(listKeyAction(press('n', { metaKey: true }), 'page')).toBeUndefined()
})
