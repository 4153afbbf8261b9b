import { describe, expect, test } from 'vitest'
import { LayoutMemory } from './layout.ts'
import type { Storage } from './layout.ts'

function storage(initial: Record<string, string> = {}): Storage & { all: Map<string, string> } {
  const all = new Map(Object.entries(initial))
  return { all, getItem: (key) => all.get(key) ?? null, setItem: (key, value) => all.set(key, value) }
}

const group = { id: 2, tabs: [{ path: 'a', isPreview: true }], active: 'a' }

describe('layout', () => {
  test('is remembered per REPL', () => {
    const kept = storage()
    new LayoutMemory('one', kept).patch({ groups: [group], activeGroup: 2, side: null })
    expect(new LayoutMemory('one', kept).layout.getSnapshot()).toMatchObject({ groups: [group], side: null })
    expect(new LayoutMemory('two', kept).layout.getSnapshot()).toMatchObject({ groups: [], side: 'files' })
  })

  test('one from before there were groups opens with its tabs in the first', () => {
    const { tabs, active } = group
    const old = storage({ 'devex.layout.one': JSON.stringify({ tabs, active, side: 'git' }) })
    expect(new LayoutMemory('one', old).layout.getSnapshot()).toMatchObject({
      groups: [{ id: 1, tabs, active }],
      activeGroup: 1,
      side: 'git',
    })
  })

  test('what no longer fits is forgotten rather than breaking the page', () => {
    const broken = new LayoutMemory('one', storage({ 'devex.layout.one': '{"tabs":7' }))
    expect(broken.isFirstVisit).toBe(true)
    expect(broken.layout.getSnapshot().groups).toEqual([])
  })

  test('a full or forbidden storage does not stop the work', () => {
    const memory = new LayoutMemory('one', {
      getItem: () => null,
      setItem: () => {
        throw new Error('QuotaExceededError')
      },
    })
    memory.patch({ side: 'ports' })
    expect(memory.layout.getSnapshot().side).toBe('ports')
  })
})
