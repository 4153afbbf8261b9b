import { expect, test } from 'vitest'
import { PipedScreen } from './piped-screen.ts'

const idle = { pid: 1, isInputOpen: false, write: () => {}, endInput: () => {} }

function shown(pieces: string[]): string {
  const out: Buffer[] = []
  const events = { onOutput: (bytes: Uint8Array) => void out.push(Buffer.from(bytes)), onEnd: () => {} }
  const screen = new PipedScreen({ program: idle, onInterrupt: () => {} }, events)
  for (const piece of pieces) screen.show(Buffer.from(piece))
  return Buffer.concat(out).toString()
}

test.each([
  ['a line', ['a\nb'], 'a\r\nb'],
  ['a line that has its return', ['a\r\nb'], 'a\r\nb'],
  ['a return at the end of one piece, its line feed in the next', ['a\r', '\nb'], 'a\r\nb'],
  ['an empty piece in between', ['a\r', '', '\nb'], 'a\r\nb'],
  ['line feeds without end', ['\n\n', '\n'], '\r\n\r\n\r\n'],
  ['returns alone', ['50%\r', '100%\r'], '50%\r100%\r'],
  ['a character in two pieces', ['\n', 'né\n'], '\r\nné\r\n'],
])('output of a pipe is shown as a terminal shows it: %s', (_what, pieces, screen) => {
  expect(shown(pieces)).toBe(screen)
})
