import type { SandboxPart } from '../orchestrator.ts'
import type { Cluster } from './kubernetes.ts'
import type { Seen } from './view.ts'

/** Connects to a part and hangs up; rejects with why it cannot be reached. */
export async function knock(
  cluster: Pick<Cluster, 'connect'>,
  seen: Seen,
  { part, port }: { part: SandboxPart; port?: number },
): Promise<void> {
  const connection = await cluster.connect(seen, part, port)
  connection.on('error', () => undefined)
  connection.destroy()
}
