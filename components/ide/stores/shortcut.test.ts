import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../commands.ts'
import { isPressed } from './shortcut.ts'
import type { KeyPress } from './shortcut.ts'

function press(key: string, over: Partial<KeyPress> = {}): KeyPress {
  return { key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...over }
}

describe('shortcuts', () => {
  test('mod is Ctrl, and Command on a Mac', () => {
    expect(isPressed('mod+s', press('s', { ctrlKey: true }), false)).toBe(true)
    expect(isPressed('mod+s', press('s', { ctrlKey: true }), true)).toBe(false)
    expect(isPressed('mod+s', press('s', { metaKey: true }), true)).toBe(true)
  })

  test('more keys held than named is another shortcut', () => {
    const both = press('P', { ctrlKey: true, shiftKey: true, code: 'KeyP' })
    expect(isPressed('mod+p', both, false)).toBe(false)
    expect(isPressed('mod+shift+p', both, false)).toBe(true)
  })

  test('? is meant whatever it takes to type it', () => {
    expect(isPressed('?', press('?', { shiftKey: true, code: 'Slash' }), false)).toBe(true)
    expect(isPressed('?', press('?', { code: 'Minus' }), false)).toBe(true)
    expect(isPressed('?', press('/', { code: 'Slash' }), false)).toBe(false)
  })

  test('letters with Alt are known by their key, since Alt types other characters', () => {
    expect(isPressed('alt+n', press('˜', { altKey: true, code: 'KeyN' }), true)).toBe(true)
    expect(isPressed('ctrl+`', press('Dead', { ctrlKey: true, code: 'Backquote' }), false)).toBe(true)
  })
})

describe('commands', () => {
  test('every command has an id and a title of its own', () => {
    expect(new Set(COMMANDS.map((command) => command.id)).size).toBe(COMMANDS.length)
    expect(new Set(COMMANDS.map((command) => command.title)).size).toBe(COMMANDS.length)
  })

  test('no two commands want the same key', () => {
    const keys = COMMANDS.flatMap((command) => command.keys ?? [])
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
  })

  test('none takes a key that the browser keeps for itself', () => {
    const taken = ['mod+w', 'mod+t', 'mod+n', 'mod+shift+t', 'mod+shift+n', 'mod+shift+w']
    expect(COMMANDS.flatMap((command) => command.keys ?? []).filter((key) => taken.includes(key))).toEqual([])
  })
})
