import {
  FileServiceDefinition,
  PortServiceDefinition,
  ProcessServiceDefinition,
  TerminalServiceDefinition,
} from '#wire/gen/runner.ts'
import { ServiceCalls } from './call.ts'
import { Channel } from './channel.ts'
import { filesApi } from './files.ts'
import { given, pieceOf, processesApi } from './processes.ts'
import type { RunnerApi } from './runner-api.ts'

/** The runner behind the Unix socket `socket` (its `grpc.sock`). */
export function createRunnerApi(socket: string): RunnerApi {
  const channel = new Channel(socket)
  const files = new ServiceCalls(channel, FileServiceDefinition)
  const ports = new ServiceCalls(channel, PortServiceDefinition)
  const terminals = new ServiceCalls(channel, TerminalServiceDefinition)
  const [port, terminal] = [PortServiceDefinition.methods, TerminalServiceDefinition.methods]
  return {
    processes: processesApi(new ServiceCalls(channel, ProcessServiceDefinition)),
    files: filesApi(files, 'workspace'),
    filesWithin: (reach) => filesApi(files, reach),
    ports: {
      list: async (options) => (await ports.ask(port.list, {}, options)).ports,
      watch: async function* watch(options) {
        for await (const answer of ports.listen(port.watch, {}, options)) yield answer.ports
      },
    },
    terminals: {
      list: async (options) => (await terminals.ask(terminal.list, {}, options)).terminals,
      read: async ({ id, cursor = 0, tailBytes, maxBytes = 0 }, options) => {
        const request = { terminalId: id, cursor, maxBytes, ...(tailBytes !== undefined && { tailBytes }) }
        const answer = await terminals.ask(terminal.read, request, options)
        const { output, nextCursor } = answer
        return { terminal: given(answer.terminal), output: pieceOf(given(output)), nextCursor }
      },
      screen: (id, options) => terminals.ask(terminal.screen, { terminalId: id }, options),
      input: async ({ id, input }, options) => {
        await terminals.ask(terminal.input, { terminalId: id, input: Buffer.from(input) }, options)
      },
      watch: async function* watch(options) {
        for await (const answer of terminals.listen(terminal.watch, {}, options)) yield answer.terminals
      },
    },
    [Symbol.dispose]: () => channel[Symbol.dispose](),
  }
}
