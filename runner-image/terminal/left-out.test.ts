import { SerializeAddon } from '@xterm/addon-serialize'
import { Terminal } from '@xterm/headless/lib-headless/xterm-headless.mjs'
import { expect, test } from 'vitest'
import { LeftOut } from './left-out.ts'

function open() {
  const terminal = new Terminal({ cols: 20, rows: 10, allowProposedApi: true })
  const serializer = new SerializeAddon()
  terminal.loadAddon(serializer)
  return { terminal, serializer, leftOut: new LeftOut(terminal) }
}

const write = (terminal: Terminal, text: string) => new Promise<void>((resolve) => terminal.write(text, resolve))

/** What is left out after `text`, and a second terminal that was given the screen and that. */
async function drawn(text: string) {
  const first = open()
  await write(first.terminal, text)
  const second = open()
  await write(second.terminal, first.serializer.serialize() + first.leftOut.suffix())
  return { first, second, suffix: first.leftOut.suffix() }
}

const lines = ({ terminal }: ReturnType<typeof open>) =>
  Array.from({ length: terminal.rows }, (_, row) => terminal.buffer.active.getLine(row)?.translateToString(true))

test('mouse, cursor and margins are as the program set them', async () => {
  const { first, second, suffix } = await drawn(
    '\u001B[?1049h\u001B[?1002;1006h\u001B[?25l\u001B[4 q\u001B[2;5r\u001B[3;7Hhere',
  )
  expect(suffix).toContain('\u001B[?1006h')
  expect(suffix).toContain('\u001B[?25l')
  expect(suffix).toContain('\u001B[4 q')
  expect(second.leftOut.suffix()).toBe(suffix)
  const { cursorX, cursorY } = second.terminal.buffer.active
  expect([cursorX, cursorY]).toEqual([10, 2])
  // What scrolls between the margins leaves the rest alone.
  for (const each of [first, second]) await write(each.terminal, '\u001B[1;1Htop\u001B[5;1Hlast\n\n\u001B[10;1Hbottom')
  expect(lines(second)).toEqual(lines(first))
})

test('with the origin at the margins the cursor is where it was', async () => {
  const { second } = await drawn('\u001B[3;8r\u001B[?6h\u001B[2;2Hx')
  const { cursorX, cursorY } = second.terminal.buffer.active
  expect([cursorX, cursorY]).toEqual([2, 3])
})

test('nothing is left of what was taken back', async () => {
  expect((await drawn('plain')).suffix).toBe('')
  expect((await drawn('\u001B[2;5r\u001B[r')).suffix).toBe('')
  expect((await drawn('\u001B[?1006h\u001B[2;5r\u001Bc')).suffix).toBe('')
  expect((await drawn('\u001B[?25l\u001B[2;5r\u001B[!p')).suffix).toBe('')
})
