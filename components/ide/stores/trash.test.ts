import { expect, test } from 'vitest'
import { FakeDisk } from './_fake-disk.ts'
import { FakeRunner } from './_fake-runner.ts'
import { openPage } from './_page.ts'
import { deleteFiles } from './delete-files.ts'
import { RequestError } from './request-error.ts'

async function bench() {
  const runner = new FakeRunner()
  const disk = new FakeDisk(runner, { 'a.txt': 'a', 'b.txt': 'b' })
  runner.hello = { ...runner.hello, terminals: [] }
  const page = openPage(runner)
  const { workbench } = page
  await expect.poll(() => workbench.tree.children('')).toEqual(['a.txt', 'b.txt'])
  await deleteFiles(workbench, ['a.txt', 'b.txt'])
  const { trash } = workbench
  await trash.refresh()
  return {
    runner,
    disk,
    trash,
    listed: () => {
      const state = trash.state.getSnapshot()
      return state.kind === 'ready' ? state.deleted : []
    },
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  }
}

test('what was deleted is listed long after its message is gone, and put back from there', async () => {
  await using it = await bench()
  expect(it.listed().map(({ path }) => path)).toEqual(['b.txt', 'a.txt'])
  const [b] = it.listed()
  if (b !== undefined) await it.trash.putBack(b)
  expect([...it.disk.files.keys()]).toEqual(['b.txt'])
  expect(it.listed().map(({ path }) => path)).toEqual(['a.txt'])
})

test('what cannot be put back says why, and stays in the trash', async () => {
  await using it = await bench()
  it.disk.files.set('b.txt', 'another')
  const [b] = it.listed()
  await expect(b === undefined ? undefined : it.trash.putBack(b)).rejects.toThrow('Something is there.')
  expect(it.listed().map(({ path }) => path)).toEqual(['b.txt', 'a.txt'])
})

test('one of it or all goes for good', async () => {
  await using it = await bench()
  await it.trash.empty(it.listed()[0]?.deletion)
  expect(it.listed().map(({ path }) => path)).toEqual(['a.txt'])
  await it.trash.empty()
  expect(it.trash.state.getSnapshot()).toMatchObject({ kind: 'ready', total: 0 })
})

test('a trash that cannot be listed says why', async () => {
  await using it = await bench()
  it.runner.handle('trash.list', () => {
    throw new RequestError({ code: 'unavailable', message: 'no' })
  })
  await it.trash.refresh()
  expect(it.trash.state.getSnapshot().kind).toBe('failed')
})
