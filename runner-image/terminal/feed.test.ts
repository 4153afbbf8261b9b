import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { decodeFrame } from '#protocol/frames.ts'
import type { Frame } from '#protocol/frames.ts'
import { TERMINAL_RING_BYTES, TERMINAL_WINDOW_BYTES } from '#protocol/limits.ts'
import { STUCK_CHECK_MS, STUCK_CLIENT_MS } from '../limits.ts'
import type { FeedTarget } from './feed.ts'
import type { ProgramEvents } from './pty.ts'
import { Terminal } from './terminal.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A terminal whose program prints when the test says so, and tells whether it is read. */
function terminalOf() {
  const program = { pid: 7, isRead: true, write: vi.fn(), resize: vi.fn(), pause: vi.fn(), resume: vi.fn() }
  program.pause.mockImplementation(() => (program.isRead = false))
  program.resume.mockImplementation(() => (program.isRead = true))
  let events: ProgramEvents | undefined
  const terminal = new Terminal({
    id: 'terminal',
    kind: 'shell',
    name: 'bash',
    cwd: '',
    createdBy: 'Ada',
    size: { cols: 80, rows: 24 },
    launch: (given) => {
      events = given
      return program
    },
    screens: { draw: async () => new Uint8Array(1) },
    onActivity: () => {},
    onEnd: () => {},
  })
  return { terminal, program, print: (bytes: number) => events?.onOutput(new Uint8Array(bytes)) }
}

function client({ mayPace = true } = {}): FeedTarget & { frames: Frame[] } {
  const frames: Frame[] = []
  const send = (bytes: Uint8Array) => {
    const frame = decodeFrame(bytes)
    if (frame !== undefined) frames.push(frame)
  }
  return { channel: 1, frames, send, roundTripMs: () => 1, mayPace, isDrawing: () => true }
}

test('a program waits for its only client for so long as that draws now and then, and not for one that is stuck', () => {
  const { terminal, program, print } = terminalOf()
  const { feed } = terminal.attach(client(), 0)
  print(10 * TERMINAL_WINDOW_BYTES)
  expect(program.isRead).toBe(false)
  vi.advanceTimersByTime(STUCK_CLIENT_MS - 1)
  feed.acknowledge(1)
  vi.advanceTimersByTime(STUCK_CLIENT_MS - 1)
  expect(program.isRead).toBe(false)
  vi.advanceTimersByTime(STUCK_CHECK_MS + 1)
  expect(program.isRead).toBe(true)
  feed.acknowledge(2)
  expect(program.isRead).toBe(false)
})

test('a client that was idle for long is not taken for stuck when more is printed', () => {
  const { terminal, program, print } = terminalOf()
  terminal.attach(client(), 0)
  print(1000)
  vi.advanceTimersByTime(10 * STUCK_CLIENT_MS)
  print(2 * TERMINAL_WINDOW_BYTES)
  expect(program.isRead).toBe(false)
})

test('who may only look holds up no program, and gets a screen when they draw again', async () => {
  const { terminal, program, print } = terminalOf()
  const viewer = client({ mayPace: false })
  const { feed } = terminal.attach(viewer, 0)
  print(TERMINAL_WINDOW_BYTES)
  print(TERMINAL_RING_BYTES + 1)
  expect(program.isRead).toBe(true)
  feed.acknowledge(1)
  await vi.waitFor(() => expect(viewer.frames.at(-1)?.kind).toBe('screen'))
  expect(program.isRead).toBe(true)
})

test('nothing is left waiting once the stuck one has gone', () => {
  const { terminal, program, print } = terminalOf()
  const { feed } = terminal.attach(client(), 0)
  print(2 * TERMINAL_WINDOW_BYTES)
  terminal.detach(feed)
  expect(program.isRead).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})
