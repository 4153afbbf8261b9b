import type { RunState } from '#protocol/messages.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import type { Connection } from './connection.ts'

/** The first message on a connection: where one is, as whom, and everything that lives here. */
export function greet(
  connection: Connection,
  { sandbox, runner, run }: { sandbox: OpenedSandbox; runner: string; run: RunState },
): void {
  const { repl, generation, isolation } = sandbox.opened
  const { role, actor } = connection.claims
  connection.publish('hello', {
    repl,
    generation,
    role,
    actor,
    runner,
    isolation,
    run,
    terminals: sandbox.terminals.list(),
    ports: sandbox.ports.known,
  })
  if (sandbox.disk.known !== undefined) connection.publish('disk.changed', sandbox.disk.known)
}
