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

describe('groups of tabs', () => {
  /** `a* b | c`: two groups, which show `a` and `c`. */
  function drawn(tabs: Tabs): string {
    const { groups } = tabs.state.getSnapshot()
    return groups
      .map((group) => group.tabs.map(({ path }) => (path === group.active ? `${path}*` : path)).join(' '))
      .join(' | ')
  }
  function opened(...files: string[]): Tabs {
    const tabs = new Tabs()
    for (const path of files) tabs.open(path)
    return tabs
  }
  const activeGroup = (tabs: Tabs): number => tabs.state.getSnapshot().activeGroup

  test('a split shows the file in both, and the new group takes what is opened', () => {
    const tabs = opened('a', 'b')
    tabs.split('b', 1)
    expect(drawn(tabs)).toBe('a b* | b*')
    tabs.open('c')
    expect(drawn(tabs)).toBe('a b* | b c*')
    expect(tabs.state.getSnapshot()).toMatchObject({ activeGroup: 2, active: 'c' })
    expect(tabs.paths()).toEqual(['a', 'b', 'c'])
  })

  test('there are three at most', () => {
    const tabs = opened('a')
    tabs.split('a', 1)
    expect(tabs.canSplit).toBe(true)
    tabs.split('a', 1)
    expect(tabs.canSplit).toBe(false)
    tabs.split('a', 1)
    expect(tabs.state.getSnapshot().groups.map(({ id }) => id)).toEqual([1, 3, 2])
  })

  test('a file closes in one group, and stays open in the other', () => {
    const tabs = opened('a', 'b')
    tabs.split('b', 1)
    tabs.close('b', 1)
    expect(drawn(tabs)).toBe('a* | b*')
    expect(tabs.isElsewhere('b', 1)).toBe(true)
    tabs.close('b')
    expect(drawn(tabs)).toBe('a*')
  })

  test('a group closes with its last tab, and the one at its left is active then', () => {
    const tabs = opened('a')
    tabs.split('a', 1)
    tabs.open('b')
    tabs.split('b', 2)
    tabs.activate(2)
    tabs.close('a', 2)
    tabs.close('b', 2)
    expect(drawn(tabs)).toBe('a* | b*')
    expect(activeGroup(tabs)).toBe(1)
  })

  test('the last group stays, empty, whatever was in it', () => {
    const tabs = opened('a')
    tabs.split('a', 1)
    tabs.close('a')
    expect(drawn(tabs)).toBe('')
    expect(tabs.state.getSnapshot()).toMatchObject({ groups: [{ id: 2, tabs: [] }], activeGroup: 2, active: undefined })
    tabs.open('b')
    expect(drawn(tabs)).toBe('b*')
  })

  test('a tab moves within its group and is kept then', () => {
    const tabs = opened('a', 'b')
    tabs.open('c', { isPreview: true })
    tabs.move('c', 1, { group: 1, before: 'a' })
    expect(drawn(tabs)).toBe('c* a b')
    tabs.move('c', 1, { group: 1, before: undefined })
    expect(drawn(tabs)).toBe('a b c*')
    expect(tabs.state.getSnapshot().tabs).toContainEqual({ path: 'c', isPreview: false })
  })

  test('a tab moves to another group, where it is open once', () => {
    const tabs = opened('a', 'b')
    tabs.split('b', 1)
    tabs.move('b', 1, { group: 2, before: undefined })
    expect(drawn(tabs)).toBe('a* | b*')
    tabs.move('a', 1, { group: 2, before: 'b' })
    expect(drawn(tabs)).toBe('a* b')
    expect(activeGroup(tabs)).toBe(2)
  })

  test('a tab moves to a new group, unless it would leave nothing behind', () => {
    const tabs = opened('a', 'b')
    tabs.split('a', 1, { isMove: true })
    expect(drawn(tabs)).toBe('b* | a*')
    tabs.split('a', 2, { isMove: true })
    expect(drawn(tabs)).toBe('b* | a*')
    tabs.split('b', 1, { isMove: true, rightOf: 2 })
    expect(drawn(tabs)).toBe('a* | b*')
  })

  test('what is not there moves nothing', () => {
    const tabs = opened('a')
    const before = tabs.state.getSnapshot()
    tabs.move('b', 1, { group: 1, before: undefined })
    tabs.move('a', 1, { group: 7, before: undefined })
    tabs.split('b', 1)
    tabs.activate(7)
    tabs.close('a', 7)
    expect(tabs.state.getSnapshot()).toBe(before)
  })

  test('each group has a preview of its own, and an edited file is kept in all', () => {
    const tabs = opened('a')
    tabs.split('a', 1)
    tabs.open('x', { isPreview: true })
    tabs.open('x', { isPreview: true, group: 1 })
    tabs.open('y', { isPreview: true, group: 1 })
    expect(drawn(tabs)).toBe('a y* | a x*')
    tabs.keep('x')
    tabs.open('z', { isPreview: true, group: 2 })
    expect(drawn(tabs)).toBe('a y* | a x z*')
  })

  test('a moved file takes its tabs in every group along', () => {
    const tabs = opened('a')
    tabs.split('a', 1)
    tabs.moved('a', 'b')
    expect(drawn(tabs)).toBe('b* | b*')
  })

  test('what was remembered comes back; groups beyond the limit, empty ones and doubles do not', () => {
    const group = (id: number, ...files: string[]) => ({
      id,
      tabs: files.map((path) => ({ path, isPreview: false })),
      active: files[0],
    })
    const groups = [group(4, 'a', 'b'), group(2), group(4, 'x'), group(3, 'c'), group(5, 'd'), group(1, 'e')]
    const tabs = new Tabs({ groups, activeGroup: 3 })
    expect(drawn(tabs)).toBe('a* b | c* | d*')
    expect(tabs.state.getSnapshot().active).toBe('c')
    expect(activeGroup(new Tabs({ groups, activeGroup: 1 }))).toBe(4)
  })
})
