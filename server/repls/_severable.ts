import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** The way to a server, for one that is to die without a word: after `sever` nothing comes through any more. */
export interface Severable {
  /** `url` with this way's address. */
  url: string
  sever(): Promise<void>
}

export async function severable(url: string): Promise<Severable> {
  const { hostname, port } = new URL(url)
  const open = new Set<Socket>()
  const server = createServer((caller) => {
    const behind = connect(Number(port), hostname)
    for (const [socket, other] of [
      [caller, behind],
      [behind, caller],
    ] as const) {
      open.add(socket)
      socket.on('error', () => other.destroy())
      socket.once('close', () => {
        open.delete(socket)
        other.destroy()
      })
    }
    caller.pipe(behind).pipe(caller)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const way = new URL(url)
  way.port = String(typeof address === 'object' && address !== null ? address.port : 0)
  way.hostname = '127.0.0.1'
  const sever = async () => {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    for (const socket of open) socket.destroy()
    await closed
  }
  return { url: way.href, sever }
}
