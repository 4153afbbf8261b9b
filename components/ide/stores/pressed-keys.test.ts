import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../commands.ts'
import { pressedKeys } from './pressed-keys.ts'
import { isPressed } from './shortcut.ts'
import type { KeyPress } from './shortcut.ts'

function press(key: string, over: Partial<KeyPress> = {}): KeyPress {
  return { key, code: '', ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...over }
}

describe('keys that are pressed for a command', () => {
  test.each([
    ['mod+shift+y', press('Y', { ctrlKey: true, shiftKey: true, code: 'KeyY' }), false],
    ['mod+shift+y', press('y', { metaKey: true, shiftKey: true, code: 'KeyY' }), true],
    ['alt+n', press('˜', { ctrlKey: true, altKey: true, code: 'KeyN' }), true],
    ['alt+arrowup', press('ArrowUp', { altKey: true, code: 'ArrowUp' }), false],
    ['ctrl+`', press('`', { ctrlKey: true, code: 'Backquote' }), true],
    ['mod+.', press('.', { ctrlKey: true, code: 'Period' }), false],
    ['shift+f7', press('F7', { shiftKey: true, code: 'F7' }), false],
  ])('%s is written so that it is known again', (keys, pressed, isMac) => {
    expect(pressedKeys(pressed, isMac)).toEqual({ keys })
    expect(isPressed(keys, pressed, isMac)).toBe(true)
  })

  test('nothing is chosen while only Ctrl or Shift is down', () => {
    expect(pressedKeys(press('Control', { ctrlKey: true, code: 'ControlLeft' }), false)).toBeUndefined()
    expect(pressedKeys(press('Shift', { shiftKey: true, code: 'ShiftLeft' }), false)).toBeUndefined()
  })

  test.each([
    ['a letter', press('a', { code: 'KeyA' }), false],
    ['Enter', press('Enter', { code: 'Enter' }), false],
    ["the browser's own", press('w', { ctrlKey: true, code: 'KeyW' }), false],
    ['copying', press('c', { metaKey: true, code: 'KeyC' }), true],
    ['what Option types', press('˜', { altKey: true, code: 'KeyN' }), true],
  ])('%s is refused, and it says why', (_what, pressed, isMac) => {
    expect(pressedKeys(pressed, isMac)).toHaveProperty('refused')
  })

  test('no command was made with keys that would be refused', () => {
    const refused = COMMANDS.flatMap(({ keys }) => keys ?? []).filter((keys) => /^mod\+(w|t|n|q|c|x|v|a|z)$/.test(keys))
    expect(refused).toEqual([])
  })
})
