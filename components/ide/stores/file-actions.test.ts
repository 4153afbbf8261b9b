import { describe, expect, test } from 'vitest'
import { FakeDisk } from './_fake-disk.ts'
import { FakeRunner } from './_fake-runner.ts'
import { Connection } from './connection.ts'
import { Documents } from './documents.ts'
import { MemoryDrafts } from './drafts.ts'
import { FileActions } from './file-actions.ts'
import { FileTree } from './file-tree.ts'
import { freeName } from './free-name.ts'
import { RequestError } from './request-error.ts'
import { Store } from './store.ts'
import { Tabs } from './tabs.ts'

async function bench(files: Record<string, string>) {
  const runner = new FakeRunner()
  const disk = new FakeDisk(runner, files)
  const connection = new Connection({ url: runner.url })
  const tree = new FileTree(connection)
  const documents = new Documents({ connection, drafts: new MemoryDrafts(), mayEdit: new Store(true) })
  const tabs = new Tabs()
  const actions = new FileActions({ connection, tree, documents, tabs })
  connection.start()
  await expect.poll(() => tree.state.getSnapshot().folders.has('')).toBe(true)
  return {
    runner,
    disk,
    tree,
    tabs,
    documents,
    actions,
    names: () => tree.children(''),
    async [Symbol.asyncDispose]() {
      documents[Symbol.dispose]()
      tree[Symbol.dispose]()
      connection.stop()
      await runner[Symbol.asyncDispose]()
    },
  }
}

describe('files in the tree', () => {
  test('U2: copy and paste reach the server, and the copy is there', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    expect(await it.actions.paste({ kind: 'copy', paths: ['a.txt'] }, '')).toEqual({ done: ['a copy.txt'], failed: [] })
    expect(it.runner.askedFor('files.copy')).toEqual([{ from: 'a.txt', to: 'a copy.txt' }])
    expect([...it.disk.files]).toEqual([
      ['a.txt', 'A'],
      ['a copy.txt', 'A'],
    ])
    expect(it.names()).toEqual(['a.txt', 'a copy.txt'])
  })

  test('U2: cut and paste move the files; what cannot be moved stays cut, and paste then has nothing left', async () => {
    await using it = await bench({ 'a.txt': 'A', 'c.txt': 'C', 'd/b.txt': 'B', 'd/c.txt': 'other' })
    const outcome = await it.actions.paste({ kind: 'cut', paths: ['c.txt', 'a.txt'] }, 'd')
    expect(outcome).toMatchObject({ done: ['d/a.txt'], failed: [{ item: 'c.txt', error: { code: 'conflict' } }] })
    expect([...it.disk.files.keys()].toSorted()).toEqual(['c.txt', 'd/a.txt', 'd/b.txt', 'd/c.txt'])
    expect(it.actions.clipboard.getSnapshot()).toEqual({ kind: 'cut', paths: ['c.txt'] })
    it.disk.files.delete('d/c.txt')
    await it.actions.paste({ kind: 'cut', paths: ['c.txt'] }, 'd')
    expect(it.actions.clipboard.getSnapshot()).toBeUndefined()
    expect(it.disk.files.get('d/c.txt')).toBe('C')
  })

  test('U2: duplicate makes a second file under a free name', async () => {
    await using it = await bench({ 'a.txt': 'A', 'a copy.txt': 'other' })
    expect(await it.actions.duplicate('a.txt')).toBe('a copy 2.txt')
    expect(it.disk.files.get('a copy.txt')).toBe('other')
  })

  test('D10: creating an existing path is a conflict and keeps its content', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    await expect(it.actions.createFile('a.txt')).rejects.toMatchObject({ code: 'conflict' })
    expect(it.disk.files.get('a.txt')).toBe('A')
  })

  test('deleting can be undone', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    const { done } = await it.actions.delete(['a.txt'])
    expect(it.names()).toEqual([])
    await it.actions.restore(done)
    expect(it.names()).toEqual(['a.txt'])
    expect(it.disk.files.get('a.txt')).toBe('A')
  })

  test('moving takes open tabs and unsaved text along', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    it.tabs.open('a.txt')
    const document = it.documents.open('a.txt')
    await expect.poll(() => document.state.getSnapshot().kind).toBe('text')
    document.buffer.setText('typed')
    document.edited()
    await it.actions.move('a.txt', 'b.txt')
    expect(it.tabs.state.getSnapshot()).toMatchObject({ tabs: [{ path: 'b.txt' }], active: 'b.txt' })
    expect(it.documents.get('b.txt')).toBe(document)
    expect([...it.disk.files]).toEqual([['b.txt', 'typed']])
  })
})

describe('unsaved text', () => {
  async function typed(it: Awaited<ReturnType<typeof bench>>, path: string) {
    it.tabs.open(path)
    const document = it.documents.open(path)
    await expect.poll(() => document.state.getSnapshot().kind).toBe('text')
    document.buffer.setText('typed')
    document.edited()
    return document
  }

  test('deleting a folder saves what was typed in it first', async () => {
    await using it = await bench({ 'd/a.txt': 'A' })
    it.runner.handle('files.delete', () => ({ deletion: 'd000000000000000' }))
    await typed(it, 'd/a.txt')
    await it.actions.delete(['d'])
    expect(it.disk.files.get('d/a.txt')).toBe('typed')
  })

  test('of a deleted file is not replaced by a file moved to its path', async () => {
    await using it = await bench({ 'a.txt': 'A', 'b.txt': 'B' })
    const document = await typed(it, 'b.txt')
    it.disk.files.delete('b.txt')
    await document.check()
    await expect(it.actions.move('a.txt', 'b.txt')).rejects.toMatchObject({ code: 'conflict', path: 'b.txt' })
    expect([...it.disk.files]).toEqual([['a.txt', 'A']])
    expect(it.documents.get('b.txt')).toBe(document)
    expect(document.buffer.getText()).toBe('typed')
  })

  test('a tab of a deleted file gives way to the file that is moved there', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    it.tabs.open('b.txt')
    it.tabs.open('a.txt')
    await it.actions.move('a.txt', 'b.txt')
    expect(it.tabs.state.getSnapshot()).toMatchObject({ tabs: [{ path: 'b.txt' }], active: 'b.txt' })
  })
})

describe('the tree', () => {
  test('shows what appears and goes on disk', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    it.disk.files.set('new.txt', '')
    it.disk.files.delete('a.txt')
    it.runner.emit('files.changed', {
      changes: [
        { path: 'new.txt', kind: 'created' },
        { path: 'a.txt', kind: 'deleted' },
      ],
      overflow: false,
    })
    await expect.poll(it.names).toEqual(['new.txt'])
  })

  test('an overflow of changes lists again whatever shows', async () => {
    await using it = await bench({ 'd/b.txt': '' })
    it.tree.setExpanded(['d'])
    await expect.poll(() => it.tree.children('d')).toEqual(['d/b.txt'])
    it.disk.files.set('d/c.txt', '')
    it.runner.emit('files.changed', { changes: [], overflow: true })
    await expect.poll(() => it.tree.children('d')).toEqual(['d/b.txt', 'd/c.txt'])
  })

  test('forgets what went with a folder, and that it was open', async () => {
    await using it = await bench({ 'd/e/x.txt': '', 'd/y.txt': '', 'a.txt': '' })
    it.tree.setExpanded(['d', 'd/e'])
    await expect.poll(() => it.tree.entry('d/e/x.txt')?.name).toBe('x.txt')
    for (const path of ['d/e/x.txt', 'd/y.txt']) it.disk.files.delete(path)
    await it.tree.list('')
    expect([...it.tree.state.getSnapshot().folders.keys()]).toEqual([''])
    expect(it.tree.state.getSnapshot().expanded).toEqual([])
    expect(it.tree.entry('d/e/x.txt')).toBeUndefined()
    expect(it.tree.entry('a.txt')?.name).toBe('a.txt')
  })

  test('knows nothing of a file that is gone from a folder that is there', async () => {
    await using it = await bench({ 'a.txt': '', 'b.txt': '' })
    it.disk.files.delete('a.txt')
    await it.tree.list('')
    expect(it.tree.entry('a.txt')).toBeUndefined()
    expect(it.tree.entry('b.txt')?.name).toBe('b.txt')
  })

  test('keeps what is open in a folder that cannot be listed for once', async () => {
    await using it = await bench({ 'd/y.txt': '' })
    it.tree.setExpanded(['d'])
    await expect.poll(() => it.tree.children('d')).toEqual(['d/y.txt'])
    it.runner.handle('files.list', () => {
      throw new RequestError({ code: 'internal', message: 'The disk is busy.' })
    })
    await it.tree.list('')
    expect(it.tree.state.getSnapshot().folders.get('')?.error?.message).toBe('The disk is busy.')
    expect(it.tree.state.getSnapshot().expanded).toEqual(['d'])
    expect(it.tree.children('d')).toEqual(['d/y.txt'])
  })

  test('keeps the folders open that were, in a folder that is renamed', async () => {
    await using it = await bench({ 'd/e/f.txt': 'F', 'd/g/h.txt': 'H', 'other/x.txt': 'X' })
    it.tree.setExpanded(['d', 'd/e', 'other'])
    await expect.poll(() => it.tree.children('d/e')).toEqual(['d/e/f.txt'])
    await it.actions.move('d', 'renamed')
    expect(it.tree.state.getSnapshot().expanded).toEqual(['other', 'renamed', 'renamed/e'])
    await expect.poll(() => it.tree.children('renamed/e')).toEqual(['renamed/e/f.txt'])
    expect(it.tree.children('renamed')).toEqual(['renamed/e', 'renamed/g'])
    expect(it.tree.children('d')).toEqual([])
  })

  test('knows where a path goes while it is moved, and no longer', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    const seen: string[] = []
    it.tree.state.subscribe(() => seen.push(it.tree.afterMoves('a.txt'), it.tree.afterMoves('a.txt.bak')))
    await it.actions.move('a.txt', 'b.txt')
    expect(seen).toEqual(['b.txt', 'a.txt.bak'])
    expect(it.tree.afterMoves('a.txt')).toBe('a.txt')
    await expect(it.actions.move('nothing.txt', 'c.txt')).rejects.toMatchObject({ code: 'not_found' })
    expect(it.tree.afterMoves('nothing.txt')).toBe('nothing.txt')
  })

  test('a change in a file’s content asks for no list', async () => {
    await using it = await bench({ 'a.txt': 'A' })
    const before = it.runner.askedFor('files.list').length
    it.runner.emit('files.changed', { changes: [{ path: 'a.txt', kind: 'modified' }], overflow: false })
    await it.actions.createFile('z.txt')
    expect(it.runner.askedFor('files.list').length).toBe(before + 1)
  })
})

test('a free name keeps the extension and counts on', () => {
  expect(freeName('a.tar', new Set())).toBe('a.tar')
  expect(freeName('a.js', new Set(['a.js']))).toBe('a copy.js')
  expect(freeName('a.js', new Set(['a.js', 'a copy.js']))).toBe('a copy 2.js')
  expect(freeName('.env', new Set(['.env']))).toBe('.env copy')
})
