import { ProcessServiceDefinition } from '#wire/gen/runner.ts'
import type { Output, ProcessEvent } from '#wire/gen/runner.ts'
import { SidecarError } from '../sidecar-error.ts'
import type { ServiceCalls } from './call.ts'
import { RUNNER_CANCEL_TIMEOUT_MS, RUNNER_WAIT_GRACE_MS } from './limits.ts'
import type { CommandEvent, OutputPiece, ProcessesApi } from './runner-api.ts'

const { methods } = ProcessServiceDefinition
const STREAMS = ['stdout', 'stdout', 'stderr', 'pty'] as const

export function processesApi(calls: ServiceCalls): ProcessesApi {
  return {
    start: (command, options) =>
      events(
        calls.listen(
          methods.start,
          {
            config: {
              command: typeof command.command === 'string' ? [command.command] : command.command,
              envVars: command.env ?? {},
              ...(command.cwd !== undefined && { cwd: command.cwd }),
            },
            ...(command.pty !== undefined && { pty: command.pty }),
            actor: command.actor,
            ...(command.name !== undefined && { name: command.name }),
            ...(command.stdin !== undefined && { stdin: Buffer.from(command.stdin) }),
            keepStdin: command.keepStdin ?? false,
            timeoutMs: command.timeoutMs ?? 0,
          },
          options,
        ),
      ),
    connect: ({ id, cursor }, options) => events(calls.listen(methods.connect, { processId: id, cursor }, options)),
    readOutput: async ({ id, cursor = 0, tailBytes, maxBytes = 0 }, options) => {
      const request = { processId: id, cursor, maxBytes, ...(tailBytes !== undefined && { tailBytes }) }
      const { process, output, nextCursor } = await calls.ask(methods.readOutput, request, options)
      return { process: given(process), output: output.map(pieceOf), nextCursor }
    },
    writeStdin: async ({ id, input, eof = false }, options) => {
      await calls.ask(methods.writeStdin, { processId: id, input: Buffer.from(input), eof }, options)
    },
    signal: ({ id, signal }, options) => calls.ask(methods.sendSignal, { processId: id, signal }, options),
    cancel: (id, options) =>
      calls.ask(methods.cancel, { processId: id }, { timeoutMs: RUNNER_CANCEL_TIMEOUT_MS, ...options }),
    resize: async ({ id, cols, rows }, options) => {
      await calls.ask(methods.resizeTty, { processId: id, cols, rows }, options)
    },
    wait: (id, waitMs, options) =>
      calls.ask(
        methods.wait,
        { processId: id, timeoutMs: waitMs },
        { timeoutMs: waitMs + RUNNER_WAIT_GRACE_MS, ...options },
      ),
    get: (id, options) => calls.ask(methods.get, { processId: id }, options),
    list: async ({ includeExited = false } = {}, options) =>
      (await calls.ask(methods.list, { includeExited }, options)).processes,
  }
}

async function* events(source: AsyncIterable<ProcessEvent>): AsyncGenerator<CommandEvent> {
  for await (const { event } of source) {
    if (event?.$case === 'output') yield { type: 'output', ...pieceOf(event.value) }
    else if (event?.$case === 'started') yield { type: 'started', process: event.value }
    else if (event?.$case === 'ended') yield { type: 'ended', process: event.value }
  }
}

export function pieceOf({ stream, data, cursor, lost }: Output): OutputPiece {
  return { stream: STREAMS[stream], data, cursor, lost }
}

/** A message that the runner always sends. */
export function given<T>(message: T | undefined): T {
  if (message !== undefined) return message
  throw new SidecarError('internal', 'The runner left out a part of its answer.')
}
