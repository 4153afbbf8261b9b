import { ChannelCredentials } from '@grpc/grpc-js'
import { FileServiceClient, PortServiceClient, ProcessServiceClient, TerminalServiceClient } from '#wire/gen/runner.ts'
import { ask, listen } from './call.ts'
import { filesApi } from './files.ts'
import {
  FLOW_CONTROL_WINDOW_BYTES,
  MAX_GRPC_MESSAGE_BYTES,
  RUNNER_RECONNECT_MAX_MS,
  RUNNER_RECONNECT_MIN_MS,
} from './limits.ts'
import { given, pieceOf, processesApi } from './processes.ts'
import type { RunnerApi } from './runner-api.ts'

/** The runner behind the Unix socket `socket` (its `grpc.sock`). */
export function createRunnerApi(socket: string): RunnerApi {
  const credentials = ChannelCredentials.createInsecure()
  const address = `unix:${socket}`
  const processes = new ProcessServiceClient(address, credentials, {
    'grpc.max_receive_message_length': MAX_GRPC_MESSAGE_BYTES,
    'grpc.max_send_message_length': MAX_GRPC_MESSAGE_BYTES,
    'grpc.initial_reconnect_backoff_ms': RUNNER_RECONNECT_MIN_MS,
    'grpc.max_reconnect_backoff_ms': RUNNER_RECONNECT_MAX_MS,
    'grpc.enable_http_proxy': 0,
    'grpc.enable_retries': 0,
    'grpc-node.flow_control_window': FLOW_CONTROL_WINDOW_BYTES,
  })
  const channelOverride = processes.getChannel()
  const files = new FileServiceClient(address, credentials, { channelOverride })
  const ports = new PortServiceClient(address, credentials, { channelOverride })
  const terminals = new TerminalServiceClient(address, credentials, { channelOverride })
  return {
    processes: processesApi(processes),
    files: filesApi(files),
    ports: {
      list: async (options) => (await ask(ports.list.bind(ports), {}, options)).ports,
      watch: async function* watch(options) {
        for await (const answer of listen(ports.watch.bind(ports), {}, options)) yield answer.ports
      },
    },
    terminals: {
      list: async (options) => (await ask(terminals.list.bind(terminals), {}, options)).terminals,
      read: async ({ id, cursor = 0, tailBytes, maxBytes = 0 }, options) => {
        const request = { terminalId: id, cursor, maxBytes, ...(tailBytes !== undefined && { tailBytes }) }
        const { terminal, output, nextCursor } = await ask(terminals.read.bind(terminals), request, options)
        return { terminal: given(terminal), output: pieceOf(given(output)), nextCursor }
      },
      screen: (id, options) => ask(terminals.screen.bind(terminals), { terminalId: id }, options),
      input: async ({ id, input }, options) => {
        await ask(terminals.input.bind(terminals), { terminalId: id, input: Buffer.from(input) }, options)
      },
      watch: async function* watch(options) {
        for await (const answer of listen(terminals.watch.bind(terminals), {}, options)) yield answer.terminals
      },
    },
    [Symbol.dispose]: () => processes.close(),
  }
}
