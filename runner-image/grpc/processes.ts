import type * as wire from '#wire/gen/runner.ts'
import type { Piece } from '../commands/command-log.ts'
import { RunnerError } from '../errors.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import { follow } from './follow.ts'
import { MAX_WAIT_MS, OUTPUT_PIECE_BYTES, READ_OUTPUT_BYTES } from './limits.ts'
import { STREAMS, commandSource, processOf, processOfTerminal, sourceOf, terminalOfPeople } from './process-source.ts'
import type { ProcessSource } from './process-source.ts'
import type { CallContext, ProcessHandlers } from './services.ts'

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

/** Agents' commands; what people run can be read. */
export function processHandlers(opened: () => OpenedSandbox): ProcessHandlers {
  const read = (id: string) => sourceOf(opened(), id)
  const find = (id: string) => {
    const sandbox = opened()
    if (terminalOfPeople(sandbox, id) !== undefined) throw belongsToPeople()
    return sandbox.commands.get(id)
  }
  return {
    async *start(request, call) {
      const sandbox = opened()
      sandbox.assertRunning('agent')
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
      yield* events(commandSource(command), 0, call)
    },
    connect: ({ processId, cursor }, call) => events(read(processId), cursor, call),
    readOutput: ({ processId, cursor, tailBytes, maxBytes }) => {
      const source = read(processId)
      const process = source.process()
      const { logStart, logEnd } = process
      const from = tailBytes === undefined ? cursor : Math.max(logStart, logEnd - tailBytes)
      const output = source.read(from, maxBytes || READ_OUTPUT_BYTES).map(outputOf)
      const last = output.at(-1)
      const nextCursor =
        last === undefined ? Math.min(Math.max(from, logStart), logEnd) : last.cursor + last.data.length
      return { process, output, nextCursor }
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
    get: ({ processId }) => read(processId).process(),
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

async function* events(
  source: ProcessSource,
  cursor: number,
  { signal }: CallContext,
): AsyncGenerator<wire.ProcessEvent> {
  let at = cursor
  const take = () => {
    const pieces = source.read(at, OUTPUT_PIECE_BYTES)
    const last = pieces.at(-1)
    if (last !== undefined) at = last.cursor + last.data.length
    const process = source.process()
    const isLast = process.exit !== undefined && at >= process.logEnd
    const items = pieces.map((piece): wire.ProcessEvent => ({ event: { $case: 'output', value: outputOf(piece) } }))
    if (isLast) items.push({ event: { $case: 'ended', value: process } })
    return { items, next: isLast ? 'end' : items.length > 0 ? 'again' : 'wait' } as const
  }
  yield* follow((listener) => source.onMore(listener), take, signal)
}

function outputOf({ stream, data, cursor, lost }: Piece): wire.Output {
  return { stream: STREAMS[stream], data, cursor, lost }
}

function belongsToPeople(): RunnerError {
  return new RunnerError(
    'forbidden',
    'This is a terminal of the people here: it can be read, not typed into or ended.',
    {
      advice: 'Run what you need with exec, or ask them.',
    },
  )
}

/** Within what terminals allow. */
function sizeOf({ cols, rows }: wire.Pty): { cols: number; rows: number } {
  return { cols: Math.min(Math.max(cols || 80, 2), 1000), rows: Math.min(Math.max(rows || 24, 1), 500) }
}
