import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { serveTls } from '#wire/serve-tls.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'

test('a part of a sandbox shows the certificate that lies in its folder now, and halves of one never', async () => {
  const { authority } = await temporaryAuthority()
  const folder = await mkdtemp(join(tmpdir(), 'devex-renewal-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const issue = () => authority.issue({ names: ['runner.devex'], ms: 60_000 })
  const write = async (name: 'cert' | 'key', pem: string) =>
    writeFile(join(folder, name === 'cert' ? 'tls.crt' : 'tls.key'), pem)
  const first = await issue()
  await write('cert', first.cert)
  await write('key', first.key)
  const http = createServer((_request, response) => response.end())
  const address = { host: '127.0.0.1', port: 0 }
  const listener = await serveTls(http, { address, folder, rereadEveryMs: 10 })
  onTestFinished(() => listener[Symbol.asyncDispose]())
  const ca = await authority.trust()
  const shown = async () => {
    const socket = connect({ port: listener.port, host: '127.0.0.1', servername: 'runner.devex', ca })
    try {
      await once(socket, 'secureConnect')
      return socket.getPeerCertificate().serialNumber
    } finally {
      socket.destroy()
    }
  }
  const before = await shown()
  const next = await issue()
  await write('cert', next.cert)
  // Only one of the two is new: who comes now still meets the former one.
  expect(await shown()).toBe(before)
  await write('key', next.key)
  await expect.poll(shown).not.toBe(before)
})
