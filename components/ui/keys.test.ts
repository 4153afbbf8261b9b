import { expect, test } from 'vitest'
import { keyNames } from '#components/ui/keys.ts'

test('keys are named as on the keyboard in front of the person', () => {
  expect(keyNames('mod+shift+p', true)).toEqual(['⌘', '⇧', 'P'])
  expect(keyNames('mod+shift+p', false)).toEqual(['Ctrl', 'Shift', 'P'])
  expect(keyNames('alt+up', false)).toEqual(['Alt', '↑'])
  expect(keyNames('mod+plus', false)).toEqual(['Ctrl', '+'])
  expect(keyNames('f1', false)).toEqual(['F1'])
  expect(keyNames('alt+pagedown', false)).toEqual(['Alt', 'PgDn'])
})

test('Alt with a character is Control and Option on a Mac, where Option alone types', () => {
  expect(keyNames('alt+n', true)).toEqual(['⌃', '⌥', 'N'])
  expect(keyNames('alt+n', false)).toEqual(['Alt', 'N'])
  expect(keyNames('alt+up', true)).toEqual(['⌥', '↑'])
})
