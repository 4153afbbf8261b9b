import { createServer } from 'node:net'
import { FIRST_SHARED_PORT, SHARED_PORTS } from './limits.ts'

/** A port of this machine that nobody has or listens on, for a sandbox that shares its network. It is added to `taken`. */
export async function choosePort(taken: Set<number>): Promise<number | undefined> {
  const start = Math.floor(Math.random() * SHARED_PORTS)
  for (let step = 0; step < SHARED_PORTS; step++) {
    const port = FIRST_SHARED_PORT + ((start + step) % SHARED_PORTS)
    if (taken.has(port)) continue
    taken.add(port)
    if (await isFree(port)) return port
    taken.delete(port)
  }
  return undefined
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
