import { expect, test } from 'vitest'
import { FakeRunner, NO_ANSWER } from './_fake-runner.ts'
import { Connection } from './connection.ts'
import { FileTree } from './file-tree.ts'

test('a folder that goes on changing is listed once at a time, and does not hold up another', async () => {
  await using runner = new FakeRunner()
  runner.handle('files.list', ({ path }: { path: string }) => (path === 'large' ? NO_ANSWER : { entries: [] }))
  const connection = new Connection({ url: runner.url })
  using tree = new FileTree(connection, ['large', 'small'])
  const listings = (folder: string) => runner.asked.filter(({ params }) => isOf(folder, params)).length
  connection.start()
  await expect.poll(() => listings('large')).toBe(1)
  for (let round = 0; round < 5; round++) {
    const before = listings('small')
    runner.emit('files.changed', {
      changes: ['large', 'small'].map((folder) => ({ path: `${folder}/${round}`, kind: 'created' })),
      overflow: false,
    })
    await expect.poll(() => listings('small')).toBeGreaterThan(before)
  }
  expect(listings('large')).toBe(1)
  expect(tree.state.getSnapshot().folders.has('small')).toBe(true)
  connection.stop()
})

function isOf(folder: string, params: unknown): boolean {
  return JSON.stringify(params) === JSON.stringify({ path: folder })
}
