import { expect, test } from 'vitest'
import { FakeRunner, terminalInfo } from './_fake-runner.ts'
import { openPage } from './_page.ts'
import type { Storage } from './layout.ts'
import { restartTerminal, splitTerminal, stepTerminal } from './terminal-actions.ts'

/** A browser's own store, of one browser. */
function storage(): Storage {
  const all = new Map<string, string>()
  return { getItem: (key) => all.get(key) ?? null, setItem: (key, value) => all.set(key, value) }
}

function page({ runner = newRunner(), kept = storage() } = {}) {
  const opened = openPage(runner, { storage: kept })
  const { workbench, toasts } = opened
  const nameOf = (id: string | undefined) => {
    return workbench.terminals.state.getSnapshot().list.find((terminal) => terminal.id === id)?.name
  }
  return {
    runner,
    kept,
    workbench,
    toasts,
    isKnown: () => expect.poll(() => workbench.terminals.state.getSnapshot().isKnown).toBe(true),
    front: () => nameOf(workbench.terminals.state.getSnapshot().activeId),
    sides: () => workbench.terminals.state.getSnapshot().groups.map((group) => group.terminals.map(nameOf).join(' ')),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

function newRunner(): FakeRunner {
  const runner = new FakeRunner()
  const terminals = [terminalInfo({ name: 'one' }), terminalInfo({ name: 'two' })]
  runner.hello = { ...runner.hello, terminals }
  runner.handle('terminal.create', ({ name, cwd }: { name?: string; cwd: string }) => {
    const terminal = terminalInfo({ name: name ?? `new-${terminals.length}`, cwd })
    terminals.push(terminal)
    runner.emit('terminal.opened', { terminal })
    return { terminal }
  })
  runner.handle('terminal.where', () => ({ cwd: 'src' }))
  runner.handle('terminal.close', () => ({}))
  runner.handle('people.at', () => ({}))
  return runner
}

test('a split comes beside the terminal that is looked at, in its folder, and takes the focus', async () => {
  await using it = page()
  await it.isKnown()
  const focused: string[] = []
  splitTerminal(it.workbench)
  await expect.poll(it.sides).toEqual(['one new-2', 'two'])
  expect(it.runner.askedFor('terminal.create')).toMatchObject([{ cwd: 'src' }])
  expect(it.front()).toBe('new-2')
  it.workbench.terminalBridge.mounted({
    focus: () => focused.push('new'),
    clear: () => {},
    openFind: () => {},
    openText: () => {},
  })
  expect(focused).toEqual(['new'])
  stepTerminal(it.workbench, 1)
  expect(it.front()).toBe('two')
  stepTerminal(it.workbench, 1)
  expect(it.front()).toBe('one')
})

test('a runner that does not know where shells are has the split begin at the top', async () => {
  await using it = page()
  it.runner.handle('terminal.where', () => ({ cwd: null }))
  await it.isKnown()
  splitTerminal(it.workbench)
  await expect.poll(it.sides).toEqual(['one new-2', 'two'])
  expect(it.runner.askedFor('terminal.create')).toEqual([{ cols: 100, rows: 24 }])
})

test('closing one of two leaves the other, in front', async () => {
  await using it = page()
  await it.isKnown()
  splitTerminal(it.workbench)
  await expect.poll(it.front).toBe('new-2')
  await it.workbench.terminals.close(it.workbench.terminals.state.getSnapshot().activeId ?? '')
  expect(it.sides()).toEqual(['one', 'two'])
  expect(it.front()).toBe('one')
})

test('after a reload they stand side by side as before, and the same one is looked at', async () => {
  const runner = newRunner()
  await using it = page({ runner })
  await it.isKnown()
  splitTerminal(it.workbench)
  await expect.poll(it.sides).toEqual(['one new-2', 'two'])
  stepTerminal(it.workbench, 1)
  await using again = page({ runner, kept: it.kept })
  await again.isKnown()
  expect(again.sides()).toEqual(['one new-2', 'two'])
  expect(again.front()).toBe('two')
})

test('a shell in which a program runs is begun anew once somebody says so', async () => {
  await using it = page()
  it.runner.handle('terminal.restart', ({ ifIdle }: { ifIdle: boolean }) => (ifIdle ? { busyWith: ['npm test'] } : {}))
  await it.isKnown()
  const id = it.workbench.terminals.state.getSnapshot().activeId ?? ''
  restartTerminal(it.workbench, id)
  const asked = { kind: 'close-terminal', id, commands: ['npm test'], isRestart: true }
  await expect.poll(() => it.workbench.overlay.getSnapshot()).toEqual(asked)
  await it.workbench.terminals.restart(id)
  expect(it.runner.askedFor('terminal.restart')).toMatchObject([{ terminal: id, ifIdle: true }, { terminal: id }])
  expect(it.sides()).toEqual(['one', 'two'])
})
