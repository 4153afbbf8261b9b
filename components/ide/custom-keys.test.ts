import { expect, test } from 'vitest'
import { COMMANDS } from './commands.ts'
import { keysOf, shownKey, withKeys } from './custom-keys.ts'

function command(id: string) {
  const found = COMMANDS.find((one) => one.id === id)
  if (found === undefined) throw new Error(`no command ${id}`)
  return found
}

test('a command has the keys it was given, or none, or those it was made with', () => {
  const save = command('file.save')
  expect(keysOf(save, {})).toEqual(['mod+s'])
  expect(keysOf(save, { 'file.save': ['mod+shift+s'] })).toEqual(['mod+shift+s'])
  expect(keysOf(save, { 'file.save': [] })).toEqual([])
})

test('keys that another command has are taken from it, its others stay', () => {
  const custom = withKeys({}, 'file.save', ['f1'])
  expect(keysOf(command('file.save'), custom)).toEqual(['f1'])
  expect(keysOf(command('go.palette'), custom)).toEqual(['mod+shift+p', 'mod+k'])
})

test('a command that is as it was made again has its keys alone', () => {
  const taken = withKeys({}, 'file.save', ['mod+p'])
  expect(taken).toEqual({ 'go.file': [], 'file.save': ['mod+p'] })
  expect(withKeys(taken, 'go.file', undefined)).toEqual({ 'file.save': [] })
})

test('what is shown beside a button follows', () => {
  const custom = withKeys({}, 'file.save', ['f6'])
  expect(shownKey('mod+s', custom)).toBe('f6')
  expect(shownKey('mod+s', { 'file.save': [] })).toBeUndefined()
  expect(shownKey('shift+enter', custom)).toBe('shift+enter')
})
