import { expect, test } from 'vitest'
import { harmlessPaste } from './harmless-paste.ts'

test('nothing in a pasted text ends the paste, and every line counts as one', () => {
  expect(harmlessPaste('echo a\u001B[201~\rrm -rf /\r\nb\n')).toBe('echo a\u241B[201~\nrm -rf /\nb\n')
})
