import type * as wire from '#wire/gen/runner.ts'
import { wholeCharacters } from '../commands/command-log.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { follow } from './follow.ts'
import { READ_OUTPUT_BYTES } from './limits.ts'
import { STREAMS, exitOf } from './process-source.ts'
import type { TerminalHandlers } from './services.ts'

/** All terminals: people's, the Run button's, and those of agents' commands. */
export function terminalHandlers(opened: () => OpenedSandbox): TerminalHandlers {
  const all = () => ({ terminals: opened().terminals.all().map(terminalOf) })
  return {
    list: () => all(),
    read: ({ terminalId, cursor, tailBytes, maxBytes }) => {
      const terminal = opened().terminals.get(terminalId)
      const { ring } = terminal
      const asked = tailBytes === undefined ? cursor : ring.end - tailBytes
      const from = Math.min(Math.max(asked, ring.start), ring.end)
      const bytes = ring.slice(from, Math.min(ring.end, from + (maxBytes || READ_OUTPUT_BYTES)))
      const data = bytes.subarray(0, wholeCharacters(bytes))
      const lost = tailBytes === undefined ? Math.max(0, from - asked) : 0
      return {
        terminal: terminalOf(terminal),
        output: { stream: STREAMS.pty, data, cursor: from, lost },
        nextCursor: from + data.length,
      }
    },
    screen: async ({ terminalId }) => {
      const { offset, payload } = await opened().terminals.get(terminalId).screen()
      return { data: Buffer.from(payload), cursor: offset }
    },
    input: async ({ terminalId, input }) => {
      const sandbox = opened()
      sandbox.assertRunning('agent')
      const terminal = sandbox.terminals.get(terminalId)
      await new Promise<void>((resolve) => terminal.write(input, resolve))
      return {}
    },
    watch: (_request, { signal }) => {
      const { terminals } = opened()
      return follow(
        (listener) => terminals.watch(listener),
        () => ({ items: [all()], next: 'wait' }),
        signal,
      )
    },
  }
}

function terminalOf(terminal: Terminal): wire.Terminal {
  const { id, kind, name, cwd, createdBy, pid, cols, rows, exit } = terminal.info()
  return {
    terminalId: id,
    kind,
    name,
    cwd,
    createdBy,
    pid,
    cols,
    rows,
    logStart: terminal.ring.start,
    logEnd: terminal.ring.end,
    ...(exit !== undefined && { exit: exitOf(exit) }),
  }
}
