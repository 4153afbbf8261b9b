import type * as wire from '#wire/gen/runner.ts'
import { wholeCharacters } from '../commands/command-log.ts'
import type { OutputStream, Piece } from '../commands/command-log.ts'
import type { Command } from '../commands/command.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Exit } from '../terminal/pty.ts'
import type { Terminal } from '../terminal/terminal.ts'

export const STREAMS = { stdout: 1, stderr: 2, pty: 3 } as const satisfies Record<OutputStream, wire.Stream>
const ORIGINS = { agent: 1, shell: 2, clone: 2, commit: 2, run: 3 } as const

/** What agents read by its id: a command of theirs, a terminal of people, what the Run button started. */
export interface ProcessSource {
  process(): wire.Process
  /** Pieces from `cursor` on, at most `maxBytes`. */
  read(cursor: number, maxBytes: number): Piece[]
  /** Calls back whenever there is more, or the end; the function ends that. */
  onMore(listener: () => void): () => void
}

/** The process, or `not_found`. */
export function sourceOf(sandbox: OpenedSandbox, id: string): ProcessSource {
  const terminal = terminalOfPeople(sandbox, id)
  return terminal === undefined ? commandSource(sandbox.commands.get(id)) : terminalSource(terminal)
}

/** The terminal of people, or of the Run button, that has this id. */
export function terminalOfPeople({ terminals }: OpenedSandbox, id: string): Terminal | undefined {
  return terminals.all().find((terminal) => terminal.id === id && terminal.kind !== 'agent')
}

export function commandSource(command: Command): ProcessSource {
  return {
    process: () => processOf(command),
    read: (cursor, maxBytes) => command.log.read(cursor, maxBytes),
    onMore: (listener) => {
      void command.whenEnded.then(listener)
      return command.log.onMore(listener)
    },
  }
}

function terminalSource(terminal: Terminal): ProcessSource {
  const { ring } = terminal
  return {
    process: () => processOfTerminal(terminal),
    read: (cursor, maxBytes) => {
      const from = Math.min(Math.max(cursor, ring.start), ring.end)
      const bytes = ring.slice(from, Math.min(ring.end, from + maxBytes))
      // The rest of a character may be still to come, but not once it has ended.
      const isLast = terminal.hasEnded && from + bytes.length === ring.end
      const data = isLast ? bytes : bytes.subarray(0, wholeCharacters(bytes))
      return data.length === 0 ? [] : [{ stream: 'pty', data, cursor: from, lost: Math.max(0, from - cursor) }]
    },
    onMore: (listener) => terminal.onMore(listener),
  }
}

export function processOf(command: Command): wire.Process {
  const { facts, log, exit, endedAt } = command
  return {
    processId: facts.id,
    command: facts.text,
    cwd: facts.cwd,
    actor: facts.actor,
    origin: ORIGINS.agent,
    pid: command.pid,
    startedAt: command.startedAt,
    ...(endedAt !== undefined && { endedAt }),
    ...(exit !== undefined && { exit: { ...exitOf(exit), timedOut: command.isTimedOut } }),
    logStart: log.start,
    logEnd: log.end,
    tty: facts.isTty,
  }
}

export function processOfTerminal(terminal: Terminal): wire.Process {
  const { id, name, cwd, createdBy, kind } = terminal.info()
  return {
    processId: id,
    command: name,
    cwd,
    actor: createdBy,
    origin: ORIGINS[kind],
    pid: terminal.pid,
    startedAt: terminal.startedAt,
    ...(terminal.exit !== undefined && { exit: exitOf(terminal.exit) }),
    logStart: terminal.ring.start,
    logEnd: terminal.ring.end,
    tty: true,
  }
}

export function exitOf({ code, signal }: Exit): wire.Exit {
  return { ...(code !== null && { code }), ...(signal !== null && { signal }), timedOut: false }
}
