import type * as wire from '#wire/gen/runner.ts'
import type { PortInfo } from '#protocol/messages.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import { follow } from './follow.ts'
import type { PortHandlers } from './services.ts'

/** What listens in the sandbox. */
export function portHandlers(opened: () => OpenedSandbox): PortHandlers {
  return {
    list: async () => ({ ports: (await opened().ports.refresh()).map(portOf) }),
    async *watch(_request, { signal }) {
      const { ports } = opened()
      using _interest = ports.watched()
      await ports.refresh()
      const take = () => ({ items: [{ ports: ports.known.map(portOf) }], next: 'wait' as const })
      yield* follow((listener) => ports.onChange(listener), take, signal)
    },
  }
}

function portOf({ port, address, pid, command }: PortInfo): wire.Port {
  return { port, address, ...(pid !== undefined && { pid }), ...(command !== undefined && { command }) }
}
