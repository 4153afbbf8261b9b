import type * as wire from '#wire/gen/runner.ts'
import type { Command } from '../commands/command.ts'

import type { OutputStream, Piece } from '../commands/command-log.ts'
import { RunnerError } from '../errors.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Exit } from '../terminal/pty.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { follow } from './follow.ts'
import { MAX_WAIT_MS, OUTPUT_PIECE_BYTES, READ_OUTPUT_BYTES } from './limits.ts'
import type { CallContext, ProcessHandlers } from './services.ts'

export const STREAMS = { stdout: 1, stderr: 2, pty: 3 } as const satisfies Record<OutputStream, wire.Stream>
const ORIGINS = { agent: 1, shell: 2, clone: 2, run: 3 } as const

const SIGNALS = [
  'SIGINT',
  'SIGTERM',
  'SIGKILL',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGSTOP',
  'SIGCONT',
] as const

/** Agents' commands. */
export function processHandlers(opened: () => OpenedSandbox): ProcessHandlers {
  const find = (id: string) => opened().commands.get(id)
  return {
    async *start(request, call) {
      const sandbox = opened()
      sandbox.assertRunning()
      const { config, pty } = request
      const command = await sandbox.commands.start({
        command: config?.command ?? [],
        env: config?.envVars ?? {},
        cwd: config?.cwd,
        pty: pty === undefined ? undefined : sizeOf(pty),
        actor: request.actor,
        name: request.name,
        stdin: request.stdin,
        keepStdin: request.keepStdin,
        timeoutMs: request.timeoutMs,
      })
      yield { event: { $case: 'started', value: processOf(command) } }
      yield* events(command, 0, call)
    },
    connect: ({ processId, cursor }, call) => events(find(processId), cursor, call),
    readOutput: ({ processId, cursor, tailBytes, maxBytes }) => {
      const command = find(processId)
      const { log } = command
      const from = tailBytes === undefined ? cursor : Math.max(log.start, log.end - tailBytes)
      const output = log.read(from, maxBytes || READ_OUTPUT_BYTES).map(outputOf)
      const last = output.at(-1)
      const nextCursor =
        last === undefined ? Math.min(Math.max(from, log.start), log.end) : last.cursor + last.data.length
      return { process: processOf(command), output, nextCursor }
    },
    writeStdin: async ({ processId, input, eof }) => {
      await find(processId).write(input, eof)
      return {}
    },
    sendSignal: ({ processId, signal }) => {
      const command = find(processId)
      const known = SIGNALS.find((name) => name === signal)
      if (known === undefined)
        throw new RunnerError('bad_request', `There is no signal "${signal.slice(0, 20)}" to send.`)
      command.signal(known)
      return processOf(command)
    },
    cancel: async ({ processId }) => {
      const command = find(processId)
      await command.cancel()
      return processOf(command)
    },
    resizeTty: ({ processId, cols, rows }) => {
      find(processId).resize(sizeOf({ cols, rows }))
      return {}
    },
    wait: async ({ processId, timeoutMs }, { signal }) => {
      const command = find(processId)
      await command.ended(Math.min(timeoutMs, MAX_WAIT_MS), signal)
      return processOf(command)
    },
    get: ({ processId }) => processOf(find(processId)),
    list: ({ includeExited }) => {
      const { terminals, commands } = opened()
      const processes = terminals.all().map((terminal) => {
        const command = commands.list().find(({ facts }) => facts.id === terminal.id)
        return command === undefined ? processOfTerminal(terminal) : processOf(command)
      })
      return { processes: includeExited ? processes : processes.filter(({ exit }) => exit === undefined) }
    },
  }
}

async function* events(command: Command, cursor: number, { signal }: CallContext): AsyncGenerator<wire.ProcessEvent> {
  let at = cursor
  const subscribe = (listener: () => void) => {
    void command.whenEnded.then(listener)
    return command.log.onMore(listener)
  }
  const take = () => {
    const pieces = command.log.read(at, OUTPUT_PIECE_BYTES)
    const last = pieces.at(-1)
    if (last !== undefined) at = last.cursor + last.data.length
    const isLast = command.exit !== undefined && at >= command.log.end
    const items = pieces.map((piece): wire.ProcessEvent => ({ event: { $case: 'output', value: outputOf(piece) } }))
    if (isLast) items.push({ event: { $case: 'ended', value: processOf(command) } })
    return { items, next: isLast ? 'end' : items.length > 0 ? 'again' : 'wait' } as const
  }
  yield* follow(subscribe, take, signal)
}

function outputOf({ stream, data, cursor, lost }: Piece): wire.Output {
  return { stream: STREAMS[stream], data, cursor, lost }
}

function processOf(command: Command): wire.Process {
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

function processOfTerminal(terminal: Terminal): wire.Process {
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

/** Within what terminals allow. */
function sizeOf({ cols, rows }: wire.Pty): { cols: number; rows: number } {
  return { cols: Math.min(Math.max(cols || 80, 2), 1000), rows: Math.min(Math.max(rows || 24, 1), 500) }
}
