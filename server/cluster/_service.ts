import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** What a Service of the cluster does for the replicas of a control plane: one address, whoever of them lives. */
export interface Service extends AsyncDisposable {
  port: number
  /** Ports of this machine. */
  backends: number[]
}

export async function startService(): Promise<Service> {
  const backends: number[] = []
  const open = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (client) => {
    open.add(client)
    client.on('error', () => client.destroy())
    client.once('close', () => open.delete(client))
    void join(client, backends)
  })
  await once(server.listen(0, '0.0.0.0'), 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    backends,
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const client of open) client.destroy()
      await once(server, 'close')
    },
  }
}

async function join(client: Socket, backends: number[]): Promise<void> {
  for (const port of backends) {
    const backend = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    try {
      await once(backend, 'connect')
    } catch {
      continue
    }
    backend.on('error', () => client.destroy())
    backend.once('close', () => client.destroy())
    client.once('close', () => backend.destroy())
    client.pipe(backend).pipe(client)
    return
  }
  client.destroy()
}
