import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readEnv } from '#server/env.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { addressChecks } from './address-checks.ts'
import { examine } from './check.ts'
import type { Check, Finding } from './check.ts'
import { describeSkew, skewByHeader } from './clock.ts'
import { examineAll } from './doctor.ts'
import { objectStoreChecks } from './object-store-checks.ts'

async function findings(checks: Check[]): Promise<Record<string, Finding>> {
  const examined = await Array.fromAsync(checks, examine)
  return Object.fromEntries(examined.map(({ name, finding }) => [name, finding]))
}

test('an installation on one machine is found well', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'doctor-'))
  const examined = await Array.fromAsync(examineAll(readEnv({ DEVEX_DATA: folder.path })))
  expect(examined.length).toBeGreaterThan(8)
  expect(examined.filter(({ finding }) => finding.kind !== 'ok')).toEqual([])
})

test('an object store that ignores conditions is told apart, with what to do', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'doctor-'))
  await using disk = await openDiskObjectStore({ folder: folder.path, signingKey: new Uint8Array(32) })
  const careless: ObjectStore = {
    put: (key, body) => disk.put(key, body),
    get: (...args) => disk.get(...args),
    head: (key) => disk.head(key),
    list: (prefix) => disk.list(prefix),
    delete: (keys) => disk.delete(keys),
    presignPut: (...args) => disk.presignPut(...args),
    presignGet: (key) => disk.presignGet(key),
    [Symbol.asyncDispose]: async () => undefined,
  }
  const found = await findings(objectStoreChecks(careless))
  expect(found['object store: writes and reads']?.kind).toBe('ok')
  expect(found['object store: conditional writes']).toMatchObject({
    kind: 'failed',
    advice: expect.stringContaining('If-None-Match'),
  })
  expect(found['object store: races have one winner']).toMatchObject({ kind: 'failed' })
  // Nothing of its own is left behind.
  expect(await Array.fromAsync(disk.list(''))).toEqual([])
})

test('stores that do not answer are failures, and what depends on them is not asked', async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'doctor-'))
  const env = readEnv({
    DEVEX_DATA: folder.path,
    STATE_STORE: 'redis',
    REDIS_URL: 'redis://127.0.0.1:1',
    OBJECT_STORE: 's3',
    S3_BUCKET: 'none',
    S3_ENDPOINT: 'http://127.0.0.1:1',
    S3_ACCESS_KEY_ID: 'a',
    S3_SECRET_ACCESS_KEY: 'b',
  })
  const examined = await Array.fromAsync(examineAll(env))
  const stores = examined.filter(({ name }) => !name.startsWith('address'))
  expect(stores.map(({ name, finding }) => [name, finding.kind])).toEqual([
    ['state store: redis', 'failed'],
    ['object store: s3', 'failed'],
  ])
})

test('a clock that is off is told by how much, and the seconds of a header are no skew', () => {
  expect(describeSkew('Redis', 400).kind).toBe('ok')
  expect(describeSkew('Redis', -61_000)).toMatchObject({
    kind: 'failed',
    detail: expect.stringContaining('61.0 s behind'),
  })
  expect(skewByHeader('it', new Date().toUTCString(), Date.now()).kind).toBe('ok')
  expect(skewByHeader('it', undefined, Date.now()).kind).toBe('skipped')
})

test('names that no DNS server knows are failures with the record to make', async () => {
  const checks = addressChecks({ publicUrl: new URL('https://devex.invalid'), previewDomain: 'preview.devex.invalid' })
  const found = Object.values(await findings(checks))
  expect(found).toEqual([
    { kind: 'failed', detail: expect.stringContaining('devex.invalid'), advice: expect.stringContaining('PUBLIC_URL') },
    { kind: 'failed', detail: expect.stringContaining('preview.devex.invalid'), advice: expect.stringContaining('*.preview.devex.invalid') }, // prettier-ignore
  ])
})

test('an address that leads somewhere is named, whoever answers there', async () => {
  const server = createServer((_, response) => response.writeHead(421).end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const [check] = addressChecks({ publicUrl: new URL(`http://127.0.0.1:${port}`), previewDomain: 'localhost' })
  expect(await check?.look()).toEqual({ kind: 'ok', detail: 'leads to 127.0.0.1' })
  server.close()
  server.closeAllConnections()
})
