import { describe, expect, test } from 'vitest'
import { Tabs } from './tabs.ts'

const paths = (tabs: Tabs): string[] => tabs.state.getSnapshot().tabs.map((tab) => tab.path)

describe('tabs', () => {
  test('U5: several files are open at once', () => {
    const tabs = new Tabs()
    for (const path of ['a', 'b', 'c']) tabs.open(path)
    expect(paths(tabs)).toEqual(['a', 'b', 'c'])
    expect(tabs.state.getSnapshot().active).toBe('c')
  })

  test('a preview gives way to the next one, unless it was kept', () => {
    const tabs = new Tabs()
    tabs.open('a', { isPreview: true })
    tabs.open('b', { isPreview: true })
    expect(paths(tabs)).toEqual(['b'])
    tabs.keep('b')
    tabs.open('c', { isPreview: true })
    expect(paths(tabs)).toEqual(['b', 'c'])
  })

  test('looking again at a kept tab does not make it a preview', () => {
    const tabs = new Tabs()
    tabs.open('a')
    tabs.open('a', { isPreview: true })
    expect(tabs.state.getSnapshot().tabs).toEqual([{ path: 'a', isPreview: false }])
  })

  test('closing shows the neighbour, and reopening brings back the latest', () => {
    const tabs = new Tabs()
    for (const path of ['a', 'b', 'c']) tabs.open(path)
    tabs.close('b')
    expect(tabs.state.getSnapshot()).toMatchObject({ active: 'c' })
    tabs.close('c')
    expect(tabs.state.getSnapshot().active).toBe('a')
    expect(tabs.reopen()).toBe('c')
    expect(tabs.reopen()).toBe('b')
    expect(tabs.reopen()).toBeUndefined()
  })

  test('close others leaves the one', () => {
    const tabs = new Tabs()
    for (const path of ['a', 'b', 'c']) tabs.open(path)
    tabs.closeOthers('b')
    expect(paths(tabs)).toEqual(['b'])
    expect(tabs.state.getSnapshot().active).toBe('b')
  })

  test('steps around the ends', () => {
    const tabs = new Tabs()
    for (const path of ['a', 'b']) tabs.open(path)
    tabs.step(1)
    expect(tabs.state.getSnapshot().active).toBe('a')
    tabs.step(-1)
    expect(tabs.state.getSnapshot().active).toBe('b')
  })

  test('a moved folder takes the tabs in it along, and no others', () => {
    const tabs = new Tabs()
    for (const path of ['src/a', 'src2/b']) tabs.open(path)
    tabs.moved('src', 'lib')
    expect(paths(tabs)).toEqual(['lib/a', 'src2/b'])
  })
})
