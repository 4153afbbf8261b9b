import { describe, expect, test } from 'vitest'
import { FakeDisk } from './_fake-disk.ts'
import { FakeRunner, NO_ANSWER } from './_fake-runner.ts'
import { Connection } from './connection.ts'
import { Documents } from './documents.ts'
import { MemoryDrafts } from './drafts.ts'
import type { KeptInMemory } from './drafts.ts'
import type { FileDocument } from './file-document.ts'
import { READ_UNASKED_CHARS } from './limits.ts'
import { followMayEdit } from './may-edit.ts'
import type { SaveState } from './open-document.ts'
import { RequestError } from './request-error.ts'

const PATH = 'src/a.js'

interface Bench extends AsyncDisposable {
  runner: FakeRunner
  disk: FakeDisk
  connection: Connection
  documents: Documents
  drafts: MemoryDrafts
  document: FileDocument
}

async function bench(content: string | undefined, drafts = new MemoryDrafts()): Promise<Bench> {
  const runner = new FakeRunner()
  const disk = new FakeDisk(runner, content === undefined ? {} : { [PATH]: content })
  const connection = new Connection({ url: runner.url, random: () => 0 })
  const documents = new Documents({ connection, drafts, mayEdit: followMayEdit(connection, true) })
  connection.start()
  await expect.poll(() => connection.state.getSnapshot().kind).toBe('open')
  const document = documents.open(PATH)
  await expect.poll(() => document.state.getSnapshot().kind).not.toBe('loading')
  return {
    runner,
    disk,
    connection,
    documents,
    drafts,
    document,
    async [Symbol.asyncDispose]() {
      documents[Symbol.dispose]()
      connection.stop()
      await runner[Symbol.asyncDispose]()
    },
  }
}

function saveOf(document: FileDocument): SaveState['kind'] | undefined {
  const state = document.state.getSnapshot()
  return state.kind === 'text' ? state.save.kind : undefined
}

function type(document: FileDocument, text: string): void {
  document.buffer.setText(text)
  document.edited()
}

const OVERFLOW = { changes: [], overflow: true }
const CHANGED = { changes: [{ path: PATH, kind: 'modified' as const }], overflow: false }

describe('saving', () => {
  test('U1: Ctrl+S writes at once, for real, and the state says so', async () => {
    await using it = await bench('one')
    type(it.document, 'two')
    expect(saveOf(it.document)).toBe('dirty')
    expect(it.documents.unsaved.getSnapshot()).toEqual([PATH])
    const saving = it.document.save()
    expect(saveOf(it.document)).toBe('saving')
    await saving
    expect(it.disk.files.get(PATH)).toBe('two')
    expect(saveOf(it.document)).toBe('saved')
    expect(it.documents.unsaved.getSnapshot()).toEqual([])
  })

  test('saves by itself a moment after the last key', async () => {
    await using it = await bench('one')
    type(it.document, 'two')
    await expect.poll(() => it.disk.files.get(PATH), { timeout: 3000 }).toBe('two')
  })

  test('what is typed while a save is under way is saved too', async () => {
    await using it = await bench('one')
    type(it.document, 'two')
    const saving = it.document.save()
    type(it.document, 'three')
    await saving
    expect(saveOf(it.document)).toBe('dirty')
    await it.document.save()
    expect(it.disk.files.get(PATH)).toBe('three')
    expect(saveOf(it.document)).toBe('saved')
  })

  test('a refused save keeps the text, says why, and the next attempt works', async () => {
    await using it = await bench('one')
    it.disk.writeError = new RequestError({ code: 'quota_exceeded', message: 'The disk is full.' })
    type(it.document, 'two')
    await it.document.save()
    expect(it.document.state.getSnapshot()).toMatchObject({
      save: { kind: 'dirty', error: { message: 'The disk is full.' } },
    })
    await it.document.save()
    expect(it.disk.files.get(PATH)).toBe('two')
  })
})

describe('a long text', () => {
  const long = 'x'.repeat(READ_UNASKED_CHARS + 1)

  test('is not read again as long as the disk has it', async () => {
    await using it = await bench(long)
    const readsAtFirst = it.runner.askedFor('files.read').length
    type(it.document, `${long}y`)
    await it.document.save()
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => it.runner.askedFor('files.stat').length).toBe(1)
    it.runner.emit('files.changed', OVERFLOW)
    await expect.poll(() => it.runner.askedFor('files.stat').length).toBe(2)
    await it.connection.request('ping', {})
    expect(it.runner.askedFor('files.read')).toHaveLength(readsAtFirst)
    expect(saveOf(it.document)).toBe('saved')
  })

  test('follows what others write', async () => {
    await using it = await bench(long)
    it.disk.files.set(PATH, 'theirs')
    it.runner.emit('files.changed', OVERFLOW)
    await expect.poll(() => it.document.buffer.getText()).toBe('theirs')
  })

  test('that was deleted is known to be gone', async () => {
    await using it = await bench(long)
    it.disk.files.delete(PATH)
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => saveOf(it.document)).toBe('deleted')
  })
})

describe('a role that changes', () => {
  test('text of somebody who became a viewer stays here, is not sent, and is saved when they may write again', async () => {
    await using it = await bench('one')
    it.runner.hello = { ...it.runner.hello, role: 'viewer' }
    it.runner.tear()
    await expect.poll(() => it.connection.state.getSnapshot().kind).not.toBe('open')
    type(it.document, 'two')
    await expect
      .poll(() => it.document.state.getSnapshot())
      .toMatchObject({ isReadonly: true, save: { kind: 'dirty' } })
    await it.document.save()
    await it.document.keepMine()
    expect(it.document.buffer.getText()).toBe('two')
    expect(it.runner.askedFor('files.write')).toEqual([])
    it.runner.hello = { ...it.runner.hello, role: 'editor' }
    it.runner.tear()
    await expect.poll(() => it.disk.files.get(PATH), { timeout: 3000 }).toBe('two')
    await expect
      .poll(() => it.document.state.getSnapshot())
      .toMatchObject({
        isReadonly: false,
        save: { kind: 'saved' },
      })
  })
})

describe('a text that is too large', () => {
  const MIB = 2 ** 20

  test.each([
    ['more than the editor opens', '€'.repeat(MIB), 'that the editor can save'],
    ['more than a message holds', '\u0001'.repeat(MIB), 'one message to the REPL'],
  ])('%s: is not sent, the line holds, it is said why, and the shorter text is saved', async (_what, text, why) => {
    await using it = await bench('one')
    type(it.document, text)
    await it.document.save()
    expect(it.document.state.getSnapshot()).toMatchObject({
      save: { kind: 'dirty', error: { code: 'too_large', message: expect.stringContaining(why) } },
    })
    await it.connection.request('ping', {})
    expect(it.runner.askedFor('files.write')).toEqual([])
    type(it.document, 'short')
    await it.document.save()
    expect(it.disk.files.get(PATH)).toBe('short')
    expect(it.runner.connections).toBe(1)
  })
})

describe('the disk changes', () => {
  test('a clean document follows', async () => {
    await using it = await bench('one')
    it.disk.files.set(PATH, 'from the shell')
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => it.document.buffer.getText()).toBe('from the shell')
    expect(saveOf(it.document)).toBe('saved')
  })

  test('a change that is told while the file is still being read is followed too', async () => {
    await using it = await bench('one')
    it.documents.close(PATH)
    let content = 'one'
    it.runner.handle('files.read', () => {
      const found = content
      content = 'from the shell'
      if (found === 'one') it.runner.emit('files.changed', CHANGED)
      return { kind: 'text', content: found, etag: found, size: found.length, mtime: 0 }
    })
    const document = it.documents.open(PATH)
    await expect.poll(() => document.buffer.getText()).toBe('from the shell')
  })

  test('a dirty document becomes a conflict with both texts kept', async () => {
    await using it = await bench('one')
    type(it.document, 'mine')
    it.disk.files.set(PATH, 'theirs')
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => saveOf(it.document)).toBe('conflict')
    expect(it.document.buffer.getText()).toBe('mine')
    expect(it.disk.files.get(PATH)).toBe('theirs')
  })

  test('a conflict whose other text is taken back is none: what was typed is saved by itself', async () => {
    await using it = await bench('one')
    type(it.document, 'mine')
    it.disk.files.set(PATH, 'theirs')
    await it.document.save()
    expect(saveOf(it.document)).toBe('conflict')
    it.disk.files.set(PATH, 'one')
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => it.disk.files.get(PATH), { timeout: 3000 }).toBe('mine')
    await expect.poll(() => saveOf(it.document)).toBe('saved')
  })

  test('a save that meets another text changes nothing on disk and becomes a conflict', async () => {
    await using it = await bench('one')
    it.disk.files.set(PATH, 'theirs')
    type(it.document, 'mine')
    await it.document.save()
    expect(saveOf(it.document)).toBe('conflict')
    expect(it.disk.files.get(PATH)).toBe('theirs')
  })

  test('keep mine overwrites; take theirs gives up what was typed', async () => {
    await using mine = await bench('one')
    mine.disk.files.set(PATH, 'theirs')
    type(mine.document, 'mine')
    await mine.document.save()
    await mine.document.keepMine()
    expect(mine.disk.files.get(PATH)).toBe('mine')
    expect(saveOf(mine.document)).toBe('saved')

    await using theirs = await bench('one')
    theirs.disk.files.set(PATH, 'theirs')
    type(theirs.document, 'mine')
    await theirs.document.save()
    theirs.document.takeTheirs()
    expect(theirs.document.buffer.getText()).toBe('theirs')
    expect(saveOf(theirs.document)).toBe('saved')
  })

  test('a file deleted under an open tab says so, keeps its text, and can be saved back', async () => {
    await using it = await bench('one')
    it.disk.files.delete(PATH)
    it.runner.emit('files.changed', { changes: [{ path: 'src', kind: 'deleted' }], overflow: false })
    await expect.poll(() => saveOf(it.document)).toBe('deleted')
    expect(it.document.buffer.getText()).toBe('one')
    await it.document.keepMine()
    expect(it.disk.files.get(PATH)).toBe('one')
    expect(saveOf(it.document)).toBe('saved')
  })

  test('what is typed into a file that was deleted counts as unsaved, until it is saved back', async () => {
    await using it = await bench('one')
    it.disk.files.delete(PATH)
    it.runner.emit('files.changed', { changes: [{ path: PATH, kind: 'deleted' }], overflow: false })
    await expect.poll(() => saveOf(it.document)).toBe('deleted')
    expect(it.documents.unsaved.getSnapshot()).toEqual([])
    type(it.document, 'two')
    expect(it.documents.unsaved.getSnapshot()).toEqual([PATH])
    await it.document.keepMine()
    expect(it.documents.unsaved.getSnapshot()).toEqual([])
    expect(it.disk.files.get(PATH)).toBe('two')
  })

  test('its own write is not taken for somebody else’s', async () => {
    await using it = await bench('one')
    type(it.document, 'two')
    await it.document.save()
    it.runner.emit('files.changed', CHANGED)
    type(it.document, 'three')
    await it.document.check()
    expect(saveOf(it.document)).toBe('dirty')
    expect(it.document.buffer.getText()).toBe('three')
  })
})

describe('nothing typed is lost', () => {
  test('typed while offline it is written after the reconnect', async () => {
    await using it = await bench('one')
    it.connection.stop()
    type(it.document, 'offline')
    await it.document.save()
    expect(saveOf(it.document)).toBe('dirty')
    it.connection.start()
    await expect.poll(() => it.disk.files.get(PATH), { timeout: 4000 }).toBe('offline')
    await expect.poll(() => saveOf(it.document)).toBe('saved')
  })

  test('a write whose answer was lost is recognised after the reconnect', async () => {
    await using it = await bench('one')
    type(it.document, 'two')
    const saving = it.document.save()
    it.connection.stop()
    await saving
    expect(saveOf(it.document)).toBe('dirty')
    it.disk.files.set(PATH, 'two')
    type(it.document, 'two and more')
    it.connection.start()
    await expect.poll(() => it.disk.files.get(PATH), { timeout: 4000 }).toBe('two and more')
  })

  test('a save whose answer was lost is recognised after later attempts without a line', async () => {
    await using it = await bench('one')
    it.runner.handle('files.write', () => NO_ANSWER)
    type(it.document, 'two')
    const saving = it.document.save()
    await expect.poll(() => it.runner.askedFor('files.write').length).toBe(1)
    it.connection.stop()
    await saving
    const disk = new FakeDisk(it.runner, { [PATH]: 'two' })
    for (const text of ['three', 'four', 'five', 'six', 'seven']) {
      type(it.document, text)
      await it.document.save()
    }
    const seen = new Set<string | undefined>()
    it.document.state.subscribe(() => seen.add(saveOf(it.document)))
    it.connection.start()
    await expect.poll(() => disk.files.get(PATH), { timeout: 4000 }).toBe('seven')
    expect(seen).not.toContain('conflict')
  })

  test('a file with the same content under another etag is no conflict: what was typed is saved over it', async () => {
    await using it = await bench('one')
    const version = { etag: 'another', size: 3, mtime: 0 }
    it.runner.handle('files.read', () => ({ kind: 'text', content: 'one', ...version }))
    it.runner.handle('files.write', () => version)
    type(it.document, 'two')
    await it.document.check()
    expect(saveOf(it.document)).toBe('dirty')
    await it.document.save()
    expect(it.runner.askedFor('files.write')).toEqual([{ path: PATH, content: 'two', ifMatch: 'another' }])
  })

  test('a draft that another tab of this browser keeps is left alone', async () => {
    const kept: KeptInMemory = new Map()
    await using it = await bench('one', new MemoryDrafts(kept))
    await new MemoryDrafts(kept).put(PATH, { content: 'of the other tab', baseEtag: 'e-3-one' })
    it.disk.files.set(PATH, 'from the shell')
    await it.document.check()
    expect(it.document.buffer.getText()).toBe('from the shell')
    expect(await it.drafts.get(PATH)).toMatchObject({ content: 'of the other tab' })
  })

  test('the save of one tab leaves the draft of another that has the same file open', async () => {
    const kept: KeptInMemory = new Map()
    await using one = await bench('one', new MemoryDrafts(kept))
    await using other = await bench('one', new MemoryDrafts(kept))
    other.connection.stop()
    type(one.document, 'in one tab')
    await expect.poll(() => one.drafts.get(PATH)).toMatchObject({ content: 'in one tab' })
    type(other.document, 'in another')
    await expect.poll(() => one.drafts.get(PATH)).toMatchObject({ content: 'in another' })
    await one.document.save()
    expect(saveOf(one.document)).toBe('saved')
    expect(await one.drafts.get(PATH)).toMatchObject({ content: 'in another' })
  })

  test('what two tabs typed without a line is both there when they died: the later text first, then the other', async () => {
    const kept: KeptInMemory = new Map()
    await using one = await bench('one', new MemoryDrafts(kept))
    await using other = await bench('one', new MemoryDrafts(kept))
    one.connection.stop()
    other.connection.stop()
    type(one.document, 'in one tab')
    await expect.poll(() => one.drafts.get(PATH)).toMatchObject({ content: 'in one tab' })
    type(other.document, 'in another')
    await expect.poll(() => one.drafts.get(PATH)).toMatchObject({ content: 'in another' })
    await using after = await bench('one', new MemoryDrafts(kept))
    expect(after.document.buffer.getText()).toBe('in another')
    type(after.document, 'in another, and more')
    await after.document.save()
    await expect.poll(() => after.drafts.get(PATH)).toMatchObject({ content: 'in one tab' })
    after.documents.close(PATH)
    const again = after.documents.open(PATH)
    await expect.poll(() => saveOf(again)).toBe('conflict')
    expect(again.buffer.getText()).toBe('in one tab')
    again.takeTheirs()
    expect(again.buffer.getText()).toBe('in another, and more')
    await expect.poll(() => after.drafts.get(PATH)).toBeUndefined()
  })

  test('a draft of a page that died is there again and is saved', async () => {
    const drafts = new MemoryDrafts()
    await using before = await bench('one', drafts)
    before.connection.stop()
    type(before.document, 'unsaved')
    await expect.poll(() => drafts.get(PATH)).toMatchObject({ content: 'unsaved' })
    await using after = await bench('one', drafts)
    expect(after.document.buffer.getText()).toBe('unsaved')
    await expect.poll(() => after.disk.files.get(PATH), { timeout: 3000 }).toBe('unsaved')
    await expect.poll(() => drafts.get(PATH)).toBeUndefined()
  })

  test('a draft whose file is the same under another etag, as after a sleep of the REPL, is no conflict', async () => {
    const drafts = new MemoryDrafts()
    await using before = await bench('one', drafts)
    before.connection.stop()
    type(before.document, 'unsaved')
    await expect.poll(() => drafts.get(PATH)).toMatchObject({ content: 'unsaved', baseEtag: 'e-3-one' })
    const draft = await drafts.get(PATH)
    await drafts.put(PATH, { content: '', ...draft, baseEtag: 'of the sandbox before' })
    await using after = await bench('one', drafts)
    expect(after.document.buffer.getText()).toBe('unsaved')
    expect(saveOf(after.document)).toBe('dirty')
    await expect.poll(() => after.disk.files.get(PATH), { timeout: 3000 }).toBe('unsaved')
  })

  test('a draft that became a conflict still knows what it was typed on, should the disk have that again', async () => {
    const drafts = new MemoryDrafts()
    await drafts.put(PATH, { content: 'draft', baseEtag: 'of the sandbox before', baseText: 'one' })
    await using it = await bench('newer', drafts)
    expect(saveOf(it.document)).toBe('conflict')
    it.disk.files.set(PATH, 'one')
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => it.disk.files.get(PATH), { timeout: 3000 }).toBe('draft')
  })

  test('a draft whose file changed meanwhile is a conflict, not an overwrite', async () => {
    const drafts = new MemoryDrafts()
    await drafts.put(PATH, { content: 'draft', baseEtag: 'e-of-long-ago' })
    await using it = await bench('newer', drafts)
    expect(saveOf(it.document)).toBe('conflict')
    expect(it.document.buffer.getText()).toBe('draft')
    expect(it.disk.files.get(PATH)).toBe('newer')
  })
})

describe('a file that stops being text', () => {
  test('typed text stays, for the person to choose: keep mine writes it', async () => {
    await using it = await bench('one')
    type(it.document, 'mine')
    it.disk.files.set(PATH, '\0')
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => saveOf(it.document)).toBe('conflict')
    expect(it.documents.unsaved.getSnapshot()).toEqual([PATH])
    await it.document.keepMine()
    expect(it.disk.files.get(PATH)).toBe('mine')
  })

  test('the draft of a page that died is not hidden by it; take theirs gives it up', async () => {
    const drafts = new MemoryDrafts()
    await drafts.put(PATH, { content: 'draft', baseEtag: 'e-3-one' })
    await using it = await bench('\0', drafts)
    expect(saveOf(it.document)).toBe('conflict')
    expect(it.document.buffer.getText()).toBe('draft')
    it.document.takeTheirs()
    expect(it.document.state.getSnapshot()).toEqual({ kind: 'binary', size: 1 })
    expect(it.documents.unsaved.getSnapshot()).toEqual([])
    await expect.poll(() => drafts.get(PATH)).toBeUndefined()
  })

  test('with nothing typed it is offered as a download', async () => {
    await using it = await bench('one')
    it.disk.files.set(PATH, '\0')
    it.runner.emit('files.changed', CHANGED)
    await expect.poll(() => it.document.state.getSnapshot()).toEqual({ kind: 'binary', size: 1 })
  })
})

describe('files that are no text to edit', () => {
  test('a binary file is offered with its size', async () => {
    await using it = await bench('\0\0\0')
    expect(it.document.state.getSnapshot()).toEqual({ kind: 'binary', size: 3 })
  })

  test('a file that cannot be read now says so, while the runner is there', async () => {
    await using it = await bench('text')
    it.runner.handle('files.read', () => {
      throw new RequestError({ code: 'unavailable', message: 'It changes all the time.' })
    })
    const other = it.documents.open('busy.log')
    await expect
      .poll(() => other.state.getSnapshot())
      .toMatchObject({ kind: 'failed', error: { message: 'It changes all the time.' } })
  })

  test('a file that is not there says so and opens once it is', async () => {
    await using it = await bench(undefined)
    expect(it.document.state.getSnapshot()).toMatchObject({ kind: 'failed', error: { code: 'not_found' } })
    it.disk.files.set(PATH, 'now')
    it.runner.emit('files.changed', { changes: [{ path: PATH, kind: 'created' }], overflow: false })
    await expect.poll(() => it.document.buffer.getText()).toBe('now')
  })
})
