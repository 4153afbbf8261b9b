import { expect, test } from 'vitest'
import { FakeDisk } from './_fake-disk.ts'
import { FakeRunner } from './_fake-runner.ts'
import { openPage } from './_page.ts'
import { deleteFiles } from './delete-files.ts'
import { FILES_AT_ONCE } from './limits.ts'

async function bench(names: readonly string[]) {
  const runner = new FakeRunner()
  const disk = new FakeDisk(runner, Object.fromEntries(names.map((name) => [name, name])))
  runner.hello = { ...runner.hello, terminals: [] }
  const page = openPage(runner)
  const { workbench, toasts } = page
  await expect.poll(() => workbench.tree.children('')).toEqual(names)
  toasts.length = 0
  return {
    runner,
    disk,
    workbench,
    toasts,
    there: () => [...disk.files.keys()].toSorted(),
    /** The words of every message so far. */
    said: () => toasts.map(({ title, description, action }) => [title, description, action?.label]),
    /** Clicks what the last message offers. */
    act: () => toasts.at(-1)?.action?.onAct(),
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  }
}

test('one file keeps its name in the message, and comes back', async () => {
  await using it = await bench(['a.txt', 'b.txt'])
  await deleteFiles(it.workbench, ['a.txt'])
  expect(it.there()).toEqual(['b.txt'])
  expect(it.said()).toEqual([['"a.txt" was moved to the trash.', undefined, 'Undo']])
  it.act()
  await expect.poll(it.there).toEqual(['a.txt', 'b.txt'])
  await expect.poll(() => it.workbench.tree.children('')).toEqual(['b.txt', 'a.txt'])
  expect(it.toasts).toHaveLength(1)
})

test('many files are one message with one Undo, and their folder is listed once', async () => {
  const names = Array.from({ length: FILES_AT_ONCE + 2 }, (_, index) => `${index}.txt`)
  await using it = await bench(names)
  const lists = it.runner.askedFor('files.list').length
  await deleteFiles(it.workbench, names)
  expect(it.there()).toEqual([])
  expect(it.said()).toEqual([['10 files were moved to the trash.', undefined, 'Undo']])
  expect(it.runner.askedFor('files.list')).toHaveLength(lists + 1)
  it.act()
  await expect.poll(it.there).toEqual(names.toSorted())
  await expect.poll(() => it.workbench.tree.children('')).toHaveLength(names.length)
  expect(it.toasts).toHaveLength(1)
})

test('what could not be deleted is named, and Undo is about the others', async () => {
  await using it = await bench(['a.txt', 'b.txt', 'c.txt', 'd.txt'])
  it.disk.files.delete('b.txt')
  await deleteFiles(it.workbench, ['a.txt', 'b.txt', 'c.txt'])
  expect(it.said()).toEqual([
    ['"b.txt" could not be deleted.', 'There is no such file.', undefined],
    ['2 files were moved to the trash.', undefined, 'Undo'],
  ])
  it.act()
  await expect.poll(it.there).toEqual(['a.txt', 'c.txt', 'd.txt'])
})

test('of many that could not be deleted a few are named, and their reason is said once', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  await using it = await bench(names)
  it.disk.files.clear()
  await deleteFiles(it.workbench, names)
  expect(it.said()).toEqual([
    ['7 files could not be deleted.', '"a", "b", "c" and 4 more: There is no such file.', undefined],
  ])
})

test('one file that cannot be deleted has the message that it always had', async () => {
  await using it = await bench(['a.txt'])
  it.disk.files.clear()
  await deleteFiles(it.workbench, ['a.txt'])
  expect(it.said()).toEqual([['There is no such file.', undefined, undefined]])
})

test('what cannot come back is named and can be asked for again; the others are back', async () => {
  await using it = await bench(['a.txt', 'b.txt'])
  await deleteFiles(it.workbench, ['a.txt', 'b.txt'])
  it.disk.files.set('a.txt', 'new')
  it.act()
  await expect.poll(it.there).toEqual(['a.txt', 'b.txt'])
  await expect
    .poll(() => it.said().at(-1))
    .toEqual(['"a.txt" could not be brought back.', 'Something is there.', 'Try again'])
  it.disk.files.delete('a.txt')
  it.act()
  await expect.poll(() => it.disk.files.get('a.txt')).toBe('a.txt')
  expect(it.toasts).toHaveLength(2)
})

test('tabs of what is deleted close', async () => {
  await using it = await bench(['a.txt', 'b.txt', 'c.txt'])
  for (const path of ['a.txt', 'b.txt', 'c.txt']) it.workbench.tabs.open(path)
  await deleteFiles(it.workbench, ['a.txt', 'b.txt'])
  expect(it.workbench.tabs.state.getSnapshot().tabs.map(({ path }) => path)).toEqual(['c.txt'])
})
