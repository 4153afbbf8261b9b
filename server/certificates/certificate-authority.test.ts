import { X509Certificate, createPrivateKey } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:tls'
import { expect, test } from 'vitest'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { createCertificateAuthority } from '#server/certificates/certificate-authority.ts'
import { AUTHORITY_MS, BELIEVE_MS, OVERLAP_MS, ROTATE_AFTER_MS } from '#server/certificates/limits.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const HOUR_MS = 3_600_000

test('a server with an issued certificate is believed under its name and no other', async () => {
  const { authority } = await temporaryAuthority()
  const identity = await authority.issue({ names: ['sidecar.s1.sandbox.devex'], ms: HOUR_MS })
  const ca = await authority.trust()
  expect(await greet({ ...identity, ca, servername: 'sidecar.s1.sandbox.devex' })).toBe('hello')
  await expect(greet({ ...identity, ca, servername: 'sidecar.s2.sandbox.devex' })).rejects.toThrow(/altnames/)
})

test('S11: what another authority signed is not believed', async () => {
  const { authority } = await temporaryAuthority()
  const { authority: other } = await temporaryAuthority()
  const identity = await other.issue({ names: ['a.devex'], ms: HOUR_MS })
  await expect(greet({ ...identity, ca: await authority.trust(), servername: 'a.devex' })).rejects.toThrow(
    /certificate/,
  )
})

test('two authorities made on one day do not stand in each other’s way', async () => {
  const { authority } = await temporaryAuthority()
  const { authority: other } = await temporaryAuthority()
  const ca = (await other.trust()) + (await authority.trust())
  for (const each of [authority, other]) {
    const identity = await each.issue({ names: ['a.devex'], ms: HOUR_MS })
    expect(await greet({ ...identity, ca, servername: 'a.devex' })).toBe('hello')
  }
})

test('replicas that start at once share one authority', async () => {
  const { stateStore, box } = await temporaryAuthority()
  const replicas = [1, 2, 3].map(() => createCertificateAuthority({ stateStore, box }))
  const trusted = await Promise.all(replicas.map((replica) => replica.trust()))
  expect(new Set(trusted).size).toBe(1)
})

test('a leaf may not sign', async () => {
  const { authority } = await temporaryAuthority()
  const { cert } = await authority.issue({ names: ['a.devex'], ms: HOUR_MS })
  expect(new X509Certificate(cert).ca).toBe(false)
  expect(new X509Certificate(await authority.trust()).ca).toBe(true)
})

test('a successor is trusted before it signs, and the old one until it ends', async () => {
  let now = Date.now()
  const { authority } = await temporaryAuthority(() => now)
  const first = await authority.trust()
  now += ROTATE_AFTER_MS
  const both = await authority.trust()
  expect(both).toContain(first.trim())
  expect(both.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  expect(await signerOf(authority)).toEqual(certificatesOf(first)[0])
  now += OVERLAP_MS
  expect(await signerOf(authority)).toEqual(certificatesOf(both)[1])
  now += AUTHORITY_MS - ROTATE_AFTER_MS - OVERLAP_MS + BELIEVE_MS
  expect(await authority.trust()).not.toContain(first.trim())

  async function signerOf(of: typeof authority): Promise<string | undefined> {
    const { cert } = await of.issue({ names: ['a.devex'], ms: HOUR_MS })
    const leaf = new X509Certificate(cert)
    return certificatesOf(both).find(
      (pem) => leaf.checkIssued(new X509Certificate(pem)) && leaf.verify(new X509Certificate(pem).publicKey),
    )
  }
})

test('a state store that was emptied gets the authorities back, for the next control plane too', async () => {
  let now = Date.now()
  const { authority, stateStore, box } = await temporaryAuthority(() => now)
  const before = await authority.trust()
  for (const { key } of (await stateStore.list('')).records) await stateStore.delete(key, 'any')
  now += BELIEVE_MS
  expect(await authority.trust()).toBe(before)
  expect(await createCertificateAuthority({ stateStore, box, now: () => now }).trust()).toBe(before)
})

test('keys lie encrypted in the state store', async () => {
  const { stateStore, authority } = await temporaryAuthority()
  await authority.trust()
  expect(JSON.stringify(await recordsOf(stateStore))).not.toContain('PRIVATE KEY')
  const { key } = await authority.issue({ names: ['a.devex'], ms: HOUR_MS })
  expect(createPrivateKey(key).asymmetricKeyType).toBe('ec')
})

async function recordsOf(stateStore: StateStore) {
  return (await stateStore.list('certificate')).records
}

function certificatesOf(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
}

/** What a TLS server says to a client that checks its certificate. */
async function greet(options: { cert: string; key: string; ca: string; servername: string }): Promise<string> {
  const server = createServer({ cert: options.cert, key: options.key }, (socket) => {
    socket.on('error', () => undefined)
    socket.end('hello')
  })
  server.on('tlsClientError', () => undefined)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  try {
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const socket = connect({ port, host: '127.0.0.1', ca: options.ca, servername: options.servername })
    await once(socket, 'secureConnect')
    const parts = await socket.toArray()
    return Buffer.concat(parts).toString()
  } finally {
    server.close()
  }
}
