import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { KubeConfig } from '@kubernetes/client-node'
import { WebSocketServer } from 'ws'
import { KEEP_ALIVE_MS } from '../limits.ts'
import { probedInMs } from './_probes.ts'
import { forwardPort } from './forward-port.ts'

test.skipIf(process.platform !== 'linux')('an API server that vanishes without a word is noticed', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  onTestFinished(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const remotePort = new Promise<number>((resolve) => {
    server.once('connection', (_socket, request) => resolve(request.socket.remotePort ?? 0))
  })
  const config = new KubeConfig()
  config.loadFromClusterAndUser(
    { name: 'here', server: `http://127.0.0.1:${address.port}`, skipTLSVerify: true },
    { name: 'me' },
  )
  const connection = await forwardPort({ config }, { namespace: 'x', pod: 'p', port: 1, what: 'The sidecar' })
  onTestFinished(() => void connection.destroy())
  const port = await remotePort
  await expect.poll(() => probedInMs(port), { timeout: 5000 }).toBeLessThanOrEqual(KEEP_ALIVE_MS)
})
