import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { CONTROL_TUNNELS } from '#protocol/limits.ts'
import { ControlTunnels } from './control-tunnels.ts'

const ACCEPTED = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: devex-control\r\n\r\n'

test('a sidecar that takes a connection and says nothing is asked anew; one that answered once may be silent', async () => {
  const asked: Socket[] = []
  const server = createServer((socket) => {
    asked.push(socket)
    const isFirst = asked.length === 1
    socket.once('data', () => isFirst && socket.write(ACCEPTED))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')

  const served: Duplex[] = []
  await using tunnels = new ControlTunnels({
    dial: async () => connect(address.port, '127.0.0.1'),
    tokens: { sidecar: async () => 'token' },
    serve: (connection) => void served.push(connection),
    answerMs: 50,
  })
  tunnels.keep('s1')
  await expect.poll(() => asked.length, { timeout: 10_000 }).toBeGreaterThan(2 * CONTROL_TUNNELS)
  expect(served.map(({ destroyed }) => destroyed)).toEqual([false])
  const [accepted, ...silent] = asked.map(({ closed }) => closed)
  expect(accepted).toBe(false)
  expect(silent.filter((isClosed) => isClosed).length).toBeGreaterThanOrEqual(CONTROL_TUNNELS - 1)
})
