import { describe, expect, test } from 'vitest'
import { EditorBridge } from './editor-bridge.ts'
import type { Cursor, EditorHandle } from './editor-bridge.ts'
import { Store } from './store.ts'

/** An editor that says what it is told. */
function editor(name: string, told: string[]): EditorHandle {
  return {
    focus: () => told.push(`${name} focus`),
    trigger: (action) => told.push(`${name} ${action}`),
    reveal: ({ line }) => told.push(`${name} line ${line}`),
    selectedText: () => name,
  }
}

const at = (line: number): Cursor => ({ line, column: 1, selected: 0, language: 'Plain Text' })

describe('several editors', () => {
  test('commands are for the active group, and the cursor is the one there', () => {
    const groups = new Store({ activeGroup: 1 })
    const bridge = new EditorBridge(groups)
    const told: string[] = []
    bridge.mounted(1, { handle: editor('left', told), path: 'a' })
    bridge.mounted(2, { handle: editor('right', told), path: 'a' })
    bridge.cursorMoved(1, at(10))
    bridge.cursorMoved(2, at(20))
    expect(bridge.cursor.getSnapshot()).toEqual(at(10))
    bridge.trigger('actions.find')
    groups.set({ activeGroup: 2 })
    expect(bridge.cursor.getSnapshot()).toEqual(at(20))
    expect(bridge.selectedText()).toBe('right')
    bridge.goTo('a', { line: 5 })
    bridge.unmounted(2)
    bridge.focus()
    expect(bridge.cursor.getSnapshot()).toBeUndefined()
    expect(told).toEqual(['left focus', 'left actions.find', 'right line 5', 'right focus'])
  })

  test('a place waits for the editor of the active group, not for another that shows the file', () => {
    const bridge = new EditorBridge(new Store({ activeGroup: 2 }))
    const told: string[] = []
    bridge.goTo('a', { line: 7 })
    bridge.mounted(1, { handle: editor('left', told), path: 'a' })
    bridge.mounted(2, { handle: editor('right', told), path: 'b' })
    expect(told).toEqual([])
    bridge.mounted(2, { handle: editor('right', told), path: 'a' })
    expect(told).toEqual(['right line 7', 'right focus'])
  })
})
