import { describe, expect, test } from 'vitest'
import type { ReplStateView, ReplView } from '#server/repls/views.ts'
import { CLOSE_CODES } from '#protocol/errors.ts'
import { FakeDisk } from './_fake-disk.ts'
import { FakeRunner, NO_ANSWER, terminalInfo } from './_fake-runner.ts'
import { openPage } from './_page.ts'
import { FakeApi, replView } from './_repl-view.ts'
import { openFile, toggleRun } from './actions.ts'
import { closeTab, discardTab, splitRight } from './tab-actions.ts'
import { deleteFiles } from './delete-files.ts'
import { MemoryDrafts } from './drafts.ts'
import { RequestError } from './request-error.ts'

async function bench(state: ReplStateView, over: Partial<ReplView> = {}) {
  const runner = new FakeRunner()
  const disk = new FakeDisk(runner, { 'index.js': 'hello' })
  const terminal = terminalInfo()
  runner.hello = { ...runner.hello, terminals: [terminal], role: over.role ?? 'owner' }
  runner.handle('terminal.attach', () => ({ channel: 1, terminal, from: 0 }))
  const api = new FakeApi(replView(state, over))
  const tickets: number[] = []
  const notices: string[] = []
  const drafts = new MemoryDrafts()
  const page = openPage(runner, {
    api,
    drafts,
    ticketUrl: async (port) => {
      tickets.push(port)
      return `http://${port}-r.localhost/_t?t=${tickets.length}`
    },
    notify: ({ title, description = '' }) => notices.push(`${title} ${description}`.trim()),
  })
  const { workbench } = page
  return {
    runner,
    disk,
    api,
    workbench,
    drafts,
    tickets,
    notices,
    connection: () => workbench.connection.state.getSnapshot().kind,
    [Symbol.asyncDispose]: () => page[Symbol.asyncDispose](),
  }
}

const RUNNING: ReplStateView = { kind: 'running', since: 0 }

describe('opening the page', () => {
  test('U7: a sleeping REPL wakes for somebody who may edit it', async () => {
    await using it = await bench({ kind: 'stopped' })
    expect(it.api.starts).toBe(1)
    await expect.poll(() => it.workbench.repl.state.getSnapshot().view.state.kind).toBe('starting')
    // It would be held until the start is over, and hold up all other lines of the browser.
    expect(it.connection()).toBe('off')
    it.api.push({ ...it.api.view, state: RUNNING })
    await expect.poll(it.connection).toBe('open')
  })

  test('U7: a page that is opened while the REPL stops has it start again then, once; a later stop stands', async () => {
    await using it = await bench({ kind: 'stopping', phases: [] })
    expect(it.api.starts).toBe(1)
    const state = () => it.workbench.repl.state.getSnapshot().view.state
    await expect.poll(state).toMatchObject({ kind: 'stopping', next: 'start' })
    it.api.push(replView(RUNNING))
    it.api.push(replView({ kind: 'stopping', phases: [] }))
    it.api.push(replView({ kind: 'stopped' }))
    expect(it.api.starts).toBe(1)
  })

  test.each([
    { name: 'that starts again anyway', state: { next: 'start' } as const, over: {} },
    { name: 'that is to be deleted', state: { next: 'delete' } as const, over: {} },
    { name: 'whose stop deletes it', state: {}, over: { isEphemeral: true } as const },
  ])('nothing is asked of a REPL that stops and $name', async ({ state, over }) => {
    await using it = await bench({ kind: 'stopping', phases: [], ...state }, over)
    expect(it.api.starts).toBe(0)
  })

  test('U7: a viewer of a sleeping REPL sees that it sleeps; nothing is started and nothing hangs', async () => {
    await using it = await bench({ kind: 'stopped' }, { role: 'viewer' })
    expect(it.api.starts).toBe(0)
    expect(it.connection()).toBe('off')
    expect(it.workbench.repl.state.getSnapshot().view.state.kind).toBe('stopped')
    it.api.push(replView(RUNNING, { role: 'viewer' }))
    await expect.poll(it.connection).toBe('open')
  })

  test('U7: a failed REPL shows why and is not connected to', async () => {
    const error = { code: 'unavailable', message: 'No room.' } as const
    await using it = await bench({ kind: 'failed', during: 'start', error, phases: [], exits: ['retry-start'] })
    expect(it.api.starts).toBe(0)
    expect(it.connection()).toBe('off')
    expect(it.workbench.repl.state.getSnapshot().view.state).toMatchObject({ error, exits: ['retry-start'] })
  })

  test('the first visit opens the file that one looks at first', async () => {
    await using it = await bench(RUNNING)
    await expect.poll(() => it.workbench.tabs.state.getSnapshot().active).toBe('index.js')
  })

  test('a stop ends the connection and does not start it again', async () => {
    await using it = await bench(RUNNING)
    await expect.poll(it.connection).toBe('open')
    it.api.push(replView({ kind: 'stopping', phases: [] }))
    expect(it.connection()).toBe('off')
    it.api.push(replView({ kind: 'stopped' }))
    expect(it.connection()).toBe('off')
    expect(it.api.starts).toBe(0)
  })
})

describe('losing access', () => {
  test('a connection closed for want of rights is final', async () => {
    await using it = await bench(RUNNING)
    await expect.poll(it.connection).toBe('open')
    it.runner.close(CLOSE_CODES.forbidden, 'revoked')
    await expect
      .poll(() => it.workbench.connection.state.getSnapshot())
      .toEqual({ kind: 'refused', because: 'no-access' })
  })

  test('when the watch ends, so does the connection', async () => {
    await using it = await bench(RUNNING)
    await expect.poll(it.connection).toBe('open')
    it.api.listeners?.ended({ code: 'forbidden', message: 'Your access was removed.' })
    expect(it.workbench.repl.state.getSnapshot().access).toBe('removed')
    expect(it.connection()).toBe('refused')
  })

  test('a socket that is refused before it opens makes the page ask who it is', async () => {
    await using it = await bench(RUNNING)
    await expect.poll(it.connection).toBe('open')
    it.runner.refusal = { code: 1011, reason: '' }
    it.runner.tear()
    await expect.poll(() => it.api.refreshes, { timeout: 4000 }).toBe(1)
  })
})

describe('leaving the page for another of the app', () => {
  test('what was typed a moment ago is saved', async () => {
    await using it = await typed()
    it.workbench.close()
    await expect.poll(it.connection).toBe('off')
    expect(it.disk.files.get('index.js')).toBe('typed')
    // A draft of what is saved would come back over what others write there.
    await expect.poll(() => it.drafts.get('index.js')).toBeUndefined()
  })

  test('without a connection it is kept as a draft at once', async () => {
    await using it = await typed()
    it.workbench.connection.stop()
    it.workbench.close()
    await expect.poll(() => it.drafts.get('index.js')).toMatchObject({ content: 'typed' })
  })
})

async function typed() {
  const it = await bench(RUNNING)
  await expect.poll(it.connection).toBe('open')
  openFile(it.workbench, 'index.js')
  const document = it.workbench.documents.open('index.js')
  await expect.poll(() => document.state.getSnapshot().kind).toBe('text')
  document.buffer.setText('typed')
  document.edited()
  return { ...it, document }
}

describe('closing a tab with unsaved text', () => {
  test('“Close without saving” gives the text up: no later save writes it, and nothing counts as unsaved', async () => {
    await using it = await typed()
    const { documents, overlay } = it.workbench
    it.disk.writeError = new RequestError({ code: 'quota_exceeded', message: 'The disk is full.' })
    await closeTab(it.workbench, { path: 'index.js', group: 1 })
    expect(overlay.getSnapshot()).toEqual({ kind: 'close-unsaved', path: 'index.js' })
    await discardTab(it.workbench, 'index.js')
    expect(documents.unsaved.getSnapshot()).toEqual([])
    await documents.saveAll()
    expect(it.disk.files.get('index.js')).toBe('hello')
    const again = documents.open('index.js')
    await expect.poll(() => again.state.getSnapshot().kind).toBe('text')
    expect(again.buffer.getText()).toBe('hello')
  })

  test('what is under way when the text is given up writes nothing more', async () => {
    await using it = await typed()
    it.runner.handle('files.write', () => NO_ANSWER)
    const saving = it.document.save()
    await expect.poll(() => it.runner.askedFor('files.write').length).toBe(1)
    await discardTab(it.workbench, 'index.js')
    it.runner.tear()
    await saving
    await it.document.save()
    expect(it.document.isUnsaved).toBe(false)
    expect(it.runner.askedFor('files.write')).toHaveLength(1)
  })

  test('a tab of a file that another group shows closes without being saved or asked about', async () => {
    await using it = await typed()
    const { tabs, overlay } = it.workbench
    it.disk.writeError = new RequestError({ code: 'quota_exceeded', message: 'The disk is full.' })
    splitRight(it.workbench, { path: 'index.js', group: 1 })
    await closeTab(it.workbench, { path: 'index.js', group: 2 })
    expect(tabs.state.getSnapshot()).toMatchObject({ groups: [{ id: 1 }], active: 'index.js' })
    expect(overlay.getSnapshot()).toEqual({ kind: 'none' })
    expect(it.workbench.documents.get('index.js')).toBe(it.document)
    expect(it.document.buffer.getText()).toBe('typed')
  })

  test('deleting a file keeps the tab of text that is not on the disk', async () => {
    await using it = await typed()
    it.disk.files.set('index.js', 'theirs')
    await deleteFiles(it.workbench, ['index.js'])
    it.runner.emit('files.changed', { changes: [{ path: 'index.js', kind: 'deleted' }], overflow: false })
    await expect.poll(() => it.document.state.getSnapshot()).toMatchObject({ save: { kind: 'deleted' } })
    expect(it.workbench.tabs.state.getSnapshot().active).toBe('index.js')
    expect(it.document.buffer.getText()).toBe('typed')
  })
})

describe('U5: Run, Stop and the preview', () => {
  test('Run saves, runs, shows its terminal; Stop stops', async () => {
    await using it = await bench(RUNNING)
    await expect.poll(it.connection).toBe('open')
    const run = { command: 'node index.js', port: 3000, terminal: terminalInfo().id }
    it.runner.handle('run.start', () => ({ ...run, state: 'running' }))
    it.runner.handle('run.stop', () => ({ ...run, state: 'stopping' }))
    const document = it.workbench.documents.open('index.js')
    await expect.poll(() => document.state.getSnapshot().kind).toBe('text')
    document.buffer.setText('edited')
    document.edited()
    toggleRun(it.workbench)
    await expect.poll(() => it.workbench.run.isRunning).toBe(true)
    expect(it.disk.files.get('index.js')).toBe('edited')
    expect(it.workbench.terminals.state.getSnapshot().activeId).toBe(run.terminal)
    toggleRun(it.workbench)
    await expect.poll(() => it.workbench.run.state.getSnapshot()?.state).toBe('stopping')
  })

  test('the preview opens by itself when the program listens, and not again once closed', async () => {
    await using it = await bench(RUNNING)
    await expect.poll(it.connection).toBe('open')
    const run = { command: 'node index.js', port: 3000 }
    it.runner.emit('run.changed', { ...run, state: 'running' })
    it.runner.emit('run.changed', { ...run, state: 'ready' })
    await expect
      .poll(() => it.workbench.preview.state.getSnapshot())
      .toMatchObject({ kind: 'shown', port: 3000, origin: 'http://3000-r.localhost' })
    it.workbench.preview.close()
    it.runner.emit('run.changed', { ...run, state: 'ready' })
    await it.workbench.connection.request('ping', {})
    expect(it.workbench.preview.state.getSnapshot()).toEqual({ kind: 'none' })
    expect(it.tickets).toEqual([3000])
  })

  test('the address bar stays in the preview’s own origin', async () => {
    await using it = await bench(RUNNING)
    await it.workbench.preview.open(3000)
    it.workbench.preview.navigate('/about?x=1')
    expect(it.workbench.preview.state.getSnapshot()).toMatchObject({ src: 'http://3000-r.localhost/about?x=1' })
    it.workbench.preview.navigate('https://elsewhere.example/')
    expect(it.workbench.preview.state.getSnapshot()).toMatchObject({ src: 'http://3000-r.localhost/about?x=1' })
  })
})

test('what agents run takes no shell from a person, nor the front', async () => {
  await using it = await bench(RUNNING)
  const agents = terminalInfo({ kind: 'agent', actor: 'Claude Code', command: 'npm test' })
  it.runner.hello = { ...it.runner.hello, terminals: [agents] }
  it.runner.handle('terminal.create', () => ({ terminal: terminalInfo({ name: 'mine' }) }))
  it.runner.tear()
  const front = () => {
    const { list, activeId } = it.workbench.terminals.state.getSnapshot()
    return { names: list.map(({ kind }) => kind), front: list.find(({ id }) => id === activeId)?.name }
  }
  await expect.poll(front, { timeout: 4000 }).toEqual({ names: ['agent', 'shell'], front: 'mine' })
  it.runner.emit('terminal.opened', { terminal: terminalInfo({ kind: 'agent' }) })
  await expect.poll(front).toEqual({ names: ['agent', 'shell', 'agent'], front: 'mine' })
})

test('a new runner behind the same page is said out loud', async () => {
  await using it = await bench(RUNNING)
  await expect.poll(it.connection).toBe('open')
  it.runner.hello = { ...it.runner.hello, runner: 'n000000000000000', terminals: [] }
  it.runner.handle('terminal.create', () => ({ terminal: terminalInfo() }))
  it.runner.tear()
  await expect.poll(() => it.notices, { timeout: 4000 }).toEqual([expect.stringContaining('The REPL was restarted.')])
})

test('a REPL that somebody stopped and started is no surprise, and its old Run is gone', async () => {
  await using it = await bench(RUNNING)
  await expect.poll(() => it.workbench.run.state.getSnapshot()?.state).toBe('idle')
  it.api.push(replView({ kind: 'stopped' }))
  expect(it.workbench.run.state.getSnapshot()).toBeUndefined()
  it.runner.hello = { ...it.runner.hello, runner: 'n000000000000000' }
  it.api.push(replView(RUNNING))
  await expect.poll(it.connection).toBe('open')
  expect(it.notices).toEqual([])
})

describe('what the API refuses while the REPL runs', () => {
  test.each(['stop', 'rename'] as const)('%s: is said, with advice, and the workbench stays', async (what) => {
    await using it = await bench(RUNNING)
    it.api.refusal = { code: 'conflict', message: 'The disk is full.', advice: 'Delete something.' }
    await (what === 'stop' ? it.workbench.repl.stop() : it.workbench.repl.rename('comet'))
    expect(it.notices).toEqual(['The disk is full. Delete something.'])
    expect(it.workbench.repl.state.getSnapshot()).toMatchObject({ access: 'granted', view: { name: 'orbit' } })
  })

  test('a question that the page asks by itself fails in silence', async () => {
    await using it = await bench(RUNNING)
    it.api.refusal = { code: 'unavailable', message: 'The server cannot be reached.' }
    await it.workbench.repl.refresh()
    expect(it.notices).toEqual([])
  })
})
