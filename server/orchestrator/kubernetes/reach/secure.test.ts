import { once } from 'node:events'
import { createServer } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { KEEP_ALIVE_MS } from '../limits.ts'
import { probedInMs } from './_probes.ts'
import { secure } from './secure.ts'

const NAME = 'sidecar.s1.sandbox.devex'

/** A part of a sandbox, on this machine. */
async function startPart() {
  const { authority } = await temporaryAuthority()
  const taken = Promise.withResolvers<TLSSocket>()
  const identity = await authority.issue({ names: [NAME], ms: 3_600_000 })
  const server = createServer({ ...identity, minVersion: 'TLSv1.3' }, (socket) => {
    taken.resolve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const proof = { servername: NAME, ca: await authority.trust(), what: 'The sidecar' }
  return { port: address.port, proof, taken: taken.promise }
}

test.skipIf(process.platform !== 'linux')('a part that vanishes without a word is noticed', async () => {
  const { port, proof, taken } = await startPart()
  const connection = await secure({ over: { host: '127.0.0.1', port }, ...proof })
  onTestFinished(() => void connection.destroy())
  const { remotePort = 0 } = await taken
  // What was just sent has a timer of its own, until it is acknowledged.
  await expect.poll(() => probedInMs(remotePort)).toBeLessThanOrEqual(KEEP_ALIVE_MS)
})
