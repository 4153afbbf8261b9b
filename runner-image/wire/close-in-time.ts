import type { Server, Socket } from 'node:net'

/** What an answer under way gets when its listener closes. */
const LINGER_MS = 1_000

/**
 * How to close a listener whose connections are handed to an HTTP server: that one knows only connections of its own and
 * those that were upgraded are nobody's, so closing would wait until each client hangs up. Call it before connections
 * come; the function that it returns takes no more, and after `LINGER_MS` cuts those that are left.
 */
export function closesInTime(server: Server): () => Promise<void> {
  const connections = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => connections.delete(socket))
  })
  return async () => {
    const cut = setTimeout(() => {
      for (const socket of connections) socket.destroy()
    }, LINGER_MS)
    await new Promise<void>((resolve) => void server.close(() => resolve()))
    clearTimeout(cut)
  }
}
