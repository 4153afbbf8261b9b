import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { closesInTime } from './close-in-time.ts'

async function start() {
  const http = createHttpServer((_request, response) => setTimeout(() => response.end('late'), 100))
  http.on('upgrade', (_request, socket) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  const server = createServer((socket) => void http.emit('connection', socket))
  const close = closesInTime(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  const dial = async (head: string): Promise<Socket> => {
    const socket = connect(address.port, '127.0.0.1').setEncoding('utf8')
    onTestFinished(() => void socket.destroy())
    await once(socket, 'connect')
    socket.write(head)
    return socket
  }
  return { close, dial }
}

test('closing waits for an answer under way, and for nobody who only holds a connection', async () => {
  const { close, dial } = await start()
  const silent = await dial('')
  const half = await dial('GET / HTTP/1.1\r\n')
  const upgraded = await dial('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\n')
  await once(upgraded, 'data')
  const asking = await dial('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const answer = once(asking, 'data')
  const ends = [silent, half, upgraded, asking].map((socket) => once(socket, 'close'))
  // The server has heard of the last one.
  await once(await dial('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: any\r\n\r\n'), 'data')
  await close()
  expect(String(await answer)).toContain('late')
  await Promise.all(ends)
})
