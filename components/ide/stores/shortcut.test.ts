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
    const withOption = press('˜', { ctrlKey: true, altKey: true, code: 'KeyN' })
    expect(isPressed('alt+n', withOption, true)).toBe(true)
    expect(isPressed('alt+n', press('n', { altKey: true, code: 'KeyN' }), false)).toBe(true)
    expect(isPressed('ctrl+`', press('Dead', { ctrlKey: true, code: 'Backquote' }), false)).toBe(true)
    const withShift = press('~', { ctrlKey: true, shiftKey: true, code: 'Backquote' })
    expect(isPressed('ctrl+`', withShift, false)).toBe(false)
    expect(isPressed('ctrl+shift+`', withShift, false)).toBe(true)
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

  const isAnyPressed = (held: KeyPress, isMac: boolean): boolean =>
    COMMANDS.some((command) => command.keys?.some((keys) => isPressed(keys, held, isMac)))
  const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('').map((letter) => `Key${letter}`)
  const DIGITS = '0123456789'.split('').map((digit) => `Digit${digit}`)
  const SIGNS = 'Minus Equal BracketLeft BracketRight Backslash Semicolon Quote Backquote Comma Period Slash'.split(' ')

  test('none takes what Option types on a Mac, nor what AltGr types elsewhere', () => {
    for (const code of [...LETTERS, ...DIGITS, ...SIGNS]) {
      for (const shiftKey of [false, true]) {
        const typing = press('@', { code, altKey: true, shiftKey })
        expect([code, isAnyPressed(typing, true)]).toEqual([code, false])
        expect([code, isAnyPressed({ ...typing, ctrlKey: true }, false)]).toEqual([code, false])
      }
    }
  })

  test('none takes a key that the browser keeps for itself', () => {
    const taken = ['mod+w', 'mod+t', 'mod+n', 'mod+shift+t', 'mod+shift+n', 'mod+shift+w']
    expect(COMMANDS.flatMap((command) => command.keys ?? []).filter((key) => taken.includes(key))).toEqual([])
  })
})
