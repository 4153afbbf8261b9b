import type * as wire from '#wire/gen/runner.ts'
import type { PortInfo } from '#protocol/messages.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import { readStat } from '../processes/proc.ts'
import { follow } from './follow.ts'
import type { PortHandlers } from './services.ts'

/** What listens in the sandbox. */
export function portHandlers(opened: () => OpenedSandbox): PortHandlers {
  const portOf = ({ port, address, pid, command }: PortInfo): wire.Port => {
    const session = pid === undefined ? undefined : readStat(pid)?.session
    const processId = session === undefined ? undefined : opened().terminals.idOfSession(session)
    return {
      port,
      address,
      ...(pid !== undefined && { pid }),
      ...(command !== undefined && { command }),
      ...(processId !== undefined && { processId }),
    }
  }
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
