import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Server as NetServer, Socket } from 'node:net'
import { startServer } from './_server.ts'
import type { Server } from './_server.ts'

/** The way between browsers and a server, which can be cut. What is no browser goes on over it. */
export interface Line {
  cut(): void
  /** Cuts it, and swallows whatever comes over new connections: they stay open, and nobody answers. */
  hang(): void
  /** How many sockets of the workbench were swallowed. */
  readonly swallowed: number
  mend(): void
}

/** The product behind a line of its own. */
export interface ServerOnLine extends AsyncDisposable {
  server: Server
  line: Line
}

/** Starts the product so that browsers reach it over a line that can be cut. */
export async function startOnLine(env: Record<string, string>): Promise<ServerOnLine> {
  const probe = createServer()
  const port = await portOf(probe)
  probe.close()
  await once(probe, 'close')

  const browsers = new Set<Socket>()
  let state: 'whole' | 'cut' | 'hanging' = 'whole'
  let swallowed = 0
  const proxy = createServer((client) => {
    client.on('error', () => {})
    client.once('data', (first) => {
      const isBrowser = first.includes('Mozilla/')
      if (isBrowser && state === 'cut') return client.destroy()
      if (isBrowser) {
        browsers.add(client)
        client.once('close', () => browsers.delete(client))
      }
      if (isBrowser && state === 'hanging') {
        if (first.includes('Upgrade: websocket')) swallowed++
        return client.resume()
      }
      const upstream = connect(port, '127.0.0.1')
      upstream.on('error', () => client.destroy())
      client.once('close', () => upstream.destroy())
      upstream.once('close', () => client.destroy())
      upstream.write(first)
      client.pipe(upstream)
      upstream.pipe(client)
    })
  })
  const breakOff = (as: 'cut' | 'hanging') => {
    state = as
    for (const browser of browsers) browser.destroy()
  }
  const url = `http://localhost:${await portOf(proxy)}`
  const server = await startServer({ env: { ...env, PORT: String(port), PUBLIC_URL: url } })
  return {
    server,
    line: {
      cut: () => breakOff('cut'),
      hang: () => breakOff('hanging'),
      get swallowed() {
        return swallowed
      },
      mend: () => {
        state = 'whole'
      },
    },
    [Symbol.asyncDispose]: async () => {
      await server[Symbol.asyncDispose]()
      proxy.close()
      for (const browser of browsers) browser.destroy()
    },
  }
}

async function portOf(server: NetServer): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
