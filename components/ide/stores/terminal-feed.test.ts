import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { TERMINAL_ACK_EVERY_BYTES, TERMINAL_INPUT_WINDOW_BYTES, TERMINAL_WINDOW_BYTES } from '#protocol/limits.ts'
import { FakeRunner, terminalInfo } from './_fake-runner.ts'
import { Connection } from './connection.ts'
import { MAX_UNTAKEN_INPUT_BYTES } from './limits.ts'
import { followMayEdit } from './may-edit.ts'
import type { TerminalScreen } from './terminal-feed.ts'
import { Terminals } from './terminals.ts'

const CHANNEL = 1

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** A screen that renders at once, or when told. */
class Paper implements TerminalScreen {
  text = ''
  resets = 0
  readonly waiting: (() => void)[] = []
  isSlow = false
  /** What it says while it reads, as a terminal answers a query. */
  answer: () => void = () => undefined

  write(data: Uint8Array, rendered: () => void): void {
    this.text += new TextDecoder().decode(data)
    this.answer()
    if (this.isSlow) this.waiting.push(rendered)
    else rendered()
  }

  reset(): void {
    this.resets += 1
    this.text = ''
  }
}

interface Bench extends AsyncDisposable {
  runner: FakeRunner
  connection: Connection
  terminals: Terminals
  id: string
  isAttached: () => boolean
}

async function bench(options: { applied?: () => number; end?: number } = {}): Promise<Bench> {
  const runner = new FakeRunner()
  const info = terminalInfo({ end: options.end ?? 0 })
  runner.hello = { ...runner.hello, terminals: [info] }
  let channel = CHANNEL - 1
  runner.handle('terminal.attach', ({ since }: { since?: number }) => {
    channel += 1
    return { channel, terminal: info, from: since ?? info.end, ...(options.applied && { input: options.applied() }) }
  })
  runner.handle('terminal.detach', () => ({}))
  runner.handle('terminal.resize', () => ({}))
  const connection = new Connection({ url: runner.url, random: () => 0 })
  const terminals = new Terminals(connection, followMayEdit(connection, true))
  connection.start()
  const isAttached = (): boolean => terminals.open(info.id).feed.channel !== undefined
  await expect.poll(isAttached).toBe(true)
  return {
    runner,
    connection,
    terminals,
    id: info.id,
    isAttached,
    async [Symbol.asyncDispose]() {
      connection.stop()
      await runner[Symbol.asyncDispose]()
    },
  }
}

describe('terminal output', () => {
  test('U7: what comes before the screen is ready is kept and shown in order', async () => {
    await using it = await bench()
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 0, payload: bytes('first ') })
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 6, payload: bytes('second') })
    await it.connection.request('ping', {})
    const paper = new Paper()
    it.terminals.open(it.id).feed.show(paper)
    expect(paper.text).toBe('first second')
  })

  test('after a reconnect it asks for the very next byte and shows nothing twice', async () => {
    await using it = await bench()
    const paper = new Paper()
    it.terminals.open(it.id).feed.show(paper)
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 0, payload: bytes('hello ') })
    await expect.poll(() => paper.text).toBe('hello ')
    it.runner.tear()
    await expect.poll(() => it.runner.askedFor('terminal.attach').length).toBe(2)
    expect(it.runner.askedFor('terminal.attach')[1]).toMatchObject({ since: 6 })
    await expect.poll(it.isAttached).toBe(true)
    it.runner.send({ kind: 'output', channel: 2, offset: 2, payload: bytes('llo world') })
    await expect.poll(() => paper.text).toBe('hello world')
    expect(paper.resets).toBe(0)
  })

  test('a screen frame replaces everything, and output goes on from its offset', async () => {
    await using it = await bench()
    const paper = new Paper()
    it.terminals.open(it.id).feed.show(paper)
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 0, payload: bytes('old') })
    it.runner.send({ kind: 'screen', channel: CHANNEL, offset: 900, payload: bytes('new ') })
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 900, payload: bytes('more') })
    await expect.poll(() => paper.text).toBe('new more')
    expect(paper.resets).toBe(1)
  })

  test('acknowledges what is rendered, not what has arrived', async () => {
    await using it = await bench()
    const paper = new Paper()
    paper.isSlow = true
    it.terminals.open(it.id).feed.show(paper)
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 0, payload: new Uint8Array(TERMINAL_ACK_EVERY_BYTES) })
    await expect.poll(() => paper.waiting.length).toBe(1)
    await it.connection.request('ping', {})
    expect(it.runner.frames).toEqual([])
    paper.waiting[0]?.()
    await expect
      .poll(() => it.runner.frames.map(({ kind, offset }) => ({ kind, offset })))
      .toEqual([{ kind: 'ack', offset: TERMINAL_ACK_EVERY_BYTES }])
  })

  test('a screen as large as the window is acknowledged: the runner sends nothing more before that', async () => {
    const end = 10_000_000
    await using it = await bench({ end })
    it.terminals.open(it.id).feed.show(new Paper())
    const payload = new Uint8Array(TERMINAL_WINDOW_BYTES)
    it.runner.send({ kind: 'screen', channel: CHANNEL, offset: end, payload })
    await expect
      .poll(() => it.runner.frames.map(({ kind, offset }) => ({ kind, offset })))
      .toEqual([{ kind: 'ack', offset: end }])
  })

  test('what is rendered of a smaller screen counts towards the next acknowledgement', async () => {
    const end = 10_000_000
    await using it = await bench({ end })
    it.terminals.open(it.id).feed.show(new Paper())
    const half = new Uint8Array(TERMINAL_ACK_EVERY_BYTES / 2)
    it.runner.send({ kind: 'screen', channel: CHANNEL, offset: end, payload: half })
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: end, payload: half })
    await expect
      .poll(() => it.runner.frames.map(({ kind, offset }) => ({ kind, offset })))
      .toEqual([{ kind: 'ack', offset: end + half.length }])
  })

  test('a terminal with a long history is asked for as a screen, a short one byte by byte', async () => {
    await using long = await bench({ end: 10_000_000 })
    expect(long.runner.askedFor('terminal.attach')[0]).not.toHaveProperty('since')
    await using short = await bench({ end: 1000 })
    expect(short.runner.askedFor('terminal.attach')[0]).toMatchObject({ since: 0 })
  })
})

describe('terminal input', () => {
  const typed = (runner: FakeRunner): { offset: number; text: string }[] =>
    runner.frames
      .filter((frame) => frame.kind === 'input')
      .map(({ offset, payload }) => ({ offset, text: new TextDecoder().decode(payload) }))

  test('typed offline it is queued, marked, and sent once when the connection is back', async () => {
    await using it = await bench({ applied: () => 0 })
    const { feed } = it.terminals.open(it.id)
    it.runner.tear()
    await expect.poll(it.isAttached).toBe(false)
    feed.type('ls')
    feed.type('\r')
    expect(feed.queued.getSnapshot()).toBe(3)
    await expect
      .poll(() => typed(it.runner))
      .toEqual([
        { offset: 0, text: 'ls' },
        { offset: 2, text: '\r' },
      ])
    expect(feed.queued.getSnapshot()).toBe(0)
  })

  test('of a large paste no more is under way than the window, until some of it is confirmed', async () => {
    await using it = await bench()
    const { feed } = it.terminals.open(it.id)
    const ends = () => typed(it.runner).map(({ offset, text }) => offset + text.length)
    const pasted = 'x'.repeat(2 * TERMINAL_INPUT_WINDOW_BYTES)
    expect(feed.type(pasted)).toBe(true)
    await it.connection.request('ping', {})
    expect(ends().at(-1)).toBe(TERMINAL_INPUT_WINDOW_BYTES)
    it.runner.send({ kind: 'ack', channel: CHANNEL, offset: TERMINAL_INPUT_WINDOW_BYTES, payload: bytes('') })
    await expect.poll(() => ends().at(-1)).toBe(pasted.length)
    expect(new Set(ends()).size).toBe(ends().length)
    expect(feed.type('x'.repeat(MAX_UNTAKEN_INPUT_BYTES))).toBe(false)
  })

  test('what the runner applied before the line was torn is not sent again; the rest is', async () => {
    let applied = 0
    await using it = await bench({ applied: () => applied })
    const { feed } = it.terminals.open(it.id)
    feed.type('abc')
    await expect.poll(() => typed(it.runner).length).toBe(1)
    feed.type('def')
    await expect.poll(() => typed(it.runner).length).toBe(2)
    applied = 4
    it.runner.tear()
    await expect.poll(() => typed(it.runner).slice(2)).toEqual([{ offset: 4, text: 'ef' }])
  })

  test('a runner that remembers nothing gets only what was never sent', async () => {
    await using it = await bench()
    const { feed } = it.terminals.open(it.id)
    feed.type('rm x\r')
    await expect.poll(() => typed(it.runner).length).toBe(1)
    it.runner.tear()
    await expect.poll(it.isAttached).toBe(false)
    feed.type('ls')
    await expect.poll(() => typed(it.runner).slice(1)).toEqual([{ offset: 0, text: 'ls' }])
  })

  test('a runner that has forgotten what it had confirmed gets only what was never sent', async () => {
    let applied = 0
    await using it = await bench({ applied: () => applied })
    const { feed } = it.terminals.open(it.id)
    feed.type('rm x\r')
    await expect.poll(() => typed(it.runner).length).toBe(1)
    it.runner.send({ kind: 'ack', channel: CHANNEL, offset: 5, payload: new Uint8Array() })
    await it.connection.request('ping', {})
    feed.type('mv y z\r')
    await expect.poll(() => typed(it.runner).length).toBe(2)
    it.runner.tear()
    await expect.poll(it.isAttached).toBe(false)
    feed.type('ls')
    await expect.poll(() => typed(it.runner).slice(2)).toEqual([{ offset: 0, text: 'ls' }])
    // And the line may be lost again: what is counted now is the new stream.
    await expect.poll(it.isAttached).toBe(true)
    applied = 1
    it.runner.tear()
    await expect.poll(() => typed(it.runner).slice(3)).toEqual([{ offset: 1, text: 's' }])
  })

  test('offline, more than the bound is refused rather than lost silently', async () => {
    await using it = await bench()
    it.connection.stop()
    const { feed } = it.terminals.open(it.id)
    expect(feed.type('x'.repeat(60_000))).toBe(true)
    expect(feed.type('x'.repeat(10_000))).toBe(false)
    expect(feed.queued.getSnapshot()).toBe(60_000)
  })

  test.each([
    '[12;1R',
    '[?1;2c',
    '[>0;276;0c',
    '[0n',
    '[?2026;2$y',
    '[4;2$y',
    ']11;rgb:0b0b/0c0c/0f0f',
    'P1$r0m',
    '[I',
  ])('the answer %j to a query in a replay is not typed into the shell', async (answer) => {
    await using it = await bench({ end: 100 })
    const { feed } = it.terminals.open(it.id)
    const paper = new Paper()
    paper.answer = () => feed.type(`\u001b${answer}`)
    feed.show(paper)
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 0, payload: bytes('x'.repeat(100)) })
    await expect.poll(() => paper.text.length).toBe(100)
    feed.type('l')
    await expect.poll(() => typed(it.runner)).toEqual([{ offset: 0, text: 'l' }])
  })

  test('answers to queries in a screen are not typed either, and what is typed at that moment is', async () => {
    await using it = await bench({ end: 10_000_000 })
    const { feed } = it.terminals.open(it.id)
    const paper = new Paper()
    paper.answer = () => {
      feed.type('\u001b[?1;2c')
      feed.type('\u001b[A')
    }
    feed.show(paper)
    it.runner.send({ kind: 'screen', channel: CHANNEL, offset: 10_000_000, payload: bytes('$ ') })
    await expect.poll(() => typed(it.runner)).toEqual([{ offset: 0, text: '\u001b[A' }])
  })

  test('a program that asks now gets its answer', async () => {
    await using it = await bench({ end: 3 })
    const { feed } = it.terminals.open(it.id)
    const paper = new Paper()
    paper.answer = () => feed.type('\u001b[?1;2c')
    feed.show(paper)
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 0, payload: bytes('old') })
    it.runner.send({ kind: 'output', channel: CHANNEL, offset: 3, payload: bytes('new') })
    await expect.poll(() => typed(it.runner)).toEqual([{ offset: 0, text: '\u001b[?1;2c' }])
  })
})

describe('a role that changes', () => {
  const frames = (it: Bench) =>
    it.runner.frames.map(({ kind, offset, payload }) => [kind, offset, new TextDecoder().decode(payload)])
  const attaches = (it: Bench): number => it.runner.askedFor('terminal.attach').length

  async function comeBackAs(it: Bench, role: 'viewer' | 'editor'): Promise<void> {
    const before = attaches(it)
    it.runner.hello = { ...it.runner.hello, role }
    it.runner.tear()
    await expect.poll(() => attaches(it)).toBe(before + 1)
    await expect.poll(it.isAttached).toBe(true)
  }

  test('what a viewer types is never sent, and what an editor had typed is not sent for a viewer', async () => {
    await using it = await bench()
    const { feed } = it.terminals.open(it.id)
    expect(feed.type('applied')).toBe(true)
    await expect.poll(() => frames(it)).toEqual([['input', 0, 'applied']])
    it.runner.hello = { ...it.runner.hello, role: 'viewer' }
    it.runner.tear()
    await expect.poll(() => it.connection.state.getSnapshot().kind).not.toBe('open')
    expect(feed.type('typed meanwhile')).toBe(true)
    expect(feed.queued.getSnapshot()).toBe(15)
    await expect.poll(() => attaches(it)).toBe(2)
    await expect.poll(it.isAttached).toBe(true)
    expect(feed.queued.getSnapshot()).toBe(0)
    feed.type('typed by a viewer')
    await it.connection.request('ping', {})
    expect(frames(it)).toEqual([['input', 0, 'applied']])
  })

  test('who may type again does so in a stream of its own, without a reload', async () => {
    await using it = await bench()
    const { feed } = it.terminals.open(it.id)
    feed.type('before')
    await expect.poll(() => frames(it)).toEqual([['input', 0, 'before']])
    await comeBackAs(it, 'viewer')
    feed.type('dropped')
    await comeBackAs(it, 'editor')
    feed.type('after')
    await expect
      .poll(() => frames(it))
      .toEqual([
        ['input', 0, 'before'],
        ['input', 0, 'after'],
      ])
    const clients = it.runner
      .askedFor('terminal.attach')
      .map((params) => z.object({ client: z.string() }).parse(params))
    expect(clients[2]).not.toEqual(clients[0])
  })

  test('the size of who may only look is the terminal’s own again', async () => {
    await using it = await bench()
    const { size } = it.terminals.open(it.id)
    size.fit({ cols: 120, rows: 40 })
    size.claim()
    expect(size.shown.getSnapshot()).toEqual({ cols: 120, rows: 40 })
    await comeBackAs(it, 'viewer')
    expect(size.shown.getSnapshot()).toEqual({ cols: 80, rows: 24 })
  })
})

test('a click in the mouse’s old encoding arrives as the bytes that it is', async () => {
  await using it = await bench()
  it.terminals.open(it.id).feed.typeBytes(Uint8Array.of(0x1b, 0x5b, 0x4d, 0x20, 0xc8, 0x21))
  await expect.poll(() => it.runner.frames).toHaveLength(1)
  expect([...(it.runner.frames[0]?.payload ?? [])]).toEqual([0x1b, 0x5b, 0x4d, 0x20, 0xc8, 0x21])
})

test('programs wait for a page while it is looked at, also on a line that was opened meanwhile', async () => {
  await using it = await bench()
  it.runner.handle('terminal.draw', () => ({}))
  const told = (): unknown[] => it.runner.askedFor('terminal.draw')
  it.terminals.lookedAt(false)
  await expect.poll(told).toEqual([{ isDrawing: false }])
  it.runner.tear()
  await expect.poll(told).toEqual([{ isDrawing: false }, { isDrawing: false }])
  it.terminals.lookedAt(true)
  await expect.poll(told).toHaveLength(3)
  expect(told()[2]).toEqual({ isDrawing: true })
})

test('U5: many terminals, each with its own name and place', async () => {
  await using runner = new FakeRunner()
  let made = 0
  runner.handle('terminal.create', ({ name }: { name?: string }) => {
    made += 1
    return { terminal: terminalInfo({ name: name ?? `bash ${made}` }) }
  })
  runner.handle('terminal.attach', () => ({ channel: made, terminal: terminalInfo(), from: 0 }))
  runner.handle('terminal.close', () => ({}))
  using connection = new Connection({ url: runner.url })
  const terminals = new Terminals(connection, followMayEdit(connection, true))
  connection.start()
  await expect.poll(() => terminals.state.getSnapshot().list.map((terminal) => terminal.name)).toEqual(['bash 1'])
  const second = await terminals.create()
  const third = await terminals.create({ name: 'tests' })
  expect(terminals.state.getSnapshot()).toMatchObject({ activeId: third.id })
  await terminals.close(third.id)
  expect(terminals.state.getSnapshot().list.map((terminal) => terminal.name)).toEqual(['bash 1', 'bash 2'])
  expect(terminals.state.getSnapshot().activeId).toBe(second.id)
})
