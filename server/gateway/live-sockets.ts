import type { Duplex } from 'node:stream'
import { joinStreams } from '#server/gateway/join.ts'
import type { Hold } from '#server/gateway/access-watch.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'

/** Joined connections that live now. */
export interface LiveSockets extends Disposable {
  /** Joins the two for as long as the right is held; the hold is released with the connection. */
  join(ends: { client: Duplex; sandbox: Duplex }, hold: Hold<unknown>): void
  count(): number
}

/** No connections yet. Disposing cuts all. */
export function createLiveSockets(limits: GatewayLimits): LiveSockets {
  const clients = new Set<Duplex>()
  return {
    join: ({ client, sandbox }, hold) => {
      const cut = () => {
        client.destroy()
        sandbox.destroy()
      }
      if (hold.signal.aborted || client.destroyed) {
        hold.release()
        return cut()
      }
      clients.add(client)
      hold.signal.addEventListener('abort', cut, { once: true })
      client.once('close', () => {
        clients.delete(client)
        hold.release()
      })
      joinStreams(client, sandbox, limits)
    },
    count: () => clients.size,
    [Symbol.dispose]: () => {
      for (const client of clients) client.destroy()
    },
  }
}
