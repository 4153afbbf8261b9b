import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { CreateBucketCommand, DeleteBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startTlsFront } from '#server/_tls-front.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { openS3ObjectStore } from '#server/object-store/s3.ts'
import { openRedisStateStore } from '#server/state-store/redis.ts'
import { trustToo } from '#server/trust.ts'

const redis = process.env['TESTBED_REDIS_URL'] ?? ''
const s3 = process.env['TESTBED_S3_ENDPOINT'] ?? ''
const region = process.env['TESTBED_S3_REGION'] ?? 'us-east-1'
const credentials = {
  accessKeyId: process.env['TESTBED_S3_ACCESS_KEY'] ?? '',
  secretAccessKey: process.env['TESTBED_S3_SECRET_KEY'] ?? '',
}

/** A server behind TLS, its certificate of a company's own authority; and another company's. */
async function front(url: string, names = ['localhost']) {
  const { hostname, port } = new URL(url)
  const { authority } = await temporaryAuthority()
  const { authority: another } = await temporaryAuthority()
  const server = await startTlsFront(await authority.issue({ names, ms: 3_600_000 }), {
    to: { host: hostname, port: Number(port) },
  })
  onTestFinished(() => server[Symbol.asyncDispose]())
  const folder = await mkdtemp(join(tmpdir(), 'devex-trust-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const fileOf = async (name: string, pem: string) => {
    await writeFile(join(folder, name), pem)
    return join(folder, name)
  }
  return {
    server,
    right: await fileOf('right.pem', `Our authority\n${await authority.trust()}`),
    wrong: await fileOf('wrong.pem', await another.trust()),
  }
}

const refusal = { code: 'unavailable', advice: expect.stringContaining('CA_FILE') }

describe.skipIf(redis === '')(`rediss${redis === '' ? ' (skipped: TESTBED_REDIS_URL names no server)' : ''}`, () => {
  test('S11: a server is believed by a certificate of the authority that was named, and gets no password before', async () => {
    const { server, right, wrong } = await front(redis)
    const url = new URL(redis.replace(/^redis:/, 'rediss:'))
    url.hostname = 'localhost'
    url.port = String(server.port)
    const open = () => openRedisStateStore({ url: url.href, namespace: `test-${randomUUID()}` })
    await expect(open()).rejects.toMatchObject(refusal)
    await trustToo(wrong)
    await expect(open()).rejects.toMatchObject(refusal)
    expect(server.heardBytes).toBe(0)
    await trustToo(right)
    await using store = await open()
    const heard: unknown[] = []
    await using _subscription = await store.subscribe('hint', (message) => heard.push(message))
    await store.put('key', 'value', { expected: 'absent', ttlMs: 10_000 })
    expect(await store.get('key')).toMatchObject({ value: 'value' })
    await expect.poll(async () => (await store.publish('hint', 'said'), heard)).toContain('said')
  })

  test('S11: a server with another name in its certificate is refused, and the way out said', async () => {
    const { server, right } = await front(redis, ['redis.elsewhere.test'])
    await trustToo(right)
    await expect(openRedisStateStore({ url: `rediss://:secret@localhost:${server.port}` })).rejects.toMatchObject({
      code: 'unavailable',
      advice: expect.stringContaining('REDIS_URL'),
    })
    expect(server.heardBytes).toBe(0)
  })
})

describe.skipIf(s3 === '')(`s3 over TLS${s3 === '' ? ' (skipped: TESTBED_S3_ENDPOINT names no server)' : ''}`, () => {
  test('S11: a store is believed by a certificate of the authority that was named, and so are its pre-signed URLs', async () => {
    const { server, right, wrong } = await front(s3)
    const bucket = `test-${randomUUID()}`
    const client = new S3Client({ endpoint: s3, region, credentials, forcePathStyle: true })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    onTestFinished(async () => {
      await client.send(new DeleteBucketCommand({ Bucket: bucket }))
      client.destroy()
    })
    const endpoint = `https://localhost:${server.port}`
    const open = () => openS3ObjectStore({ bucket, endpoint, region, credentials })
    await expect(open()).rejects.toMatchObject(refusal)
    await trustToo(wrong)
    await expect(open()).rejects.toMatchObject(refusal)
    expect(server.heardBytes).toBe(0)
    await trustToo(right)
    await using store = await open()
    await store.put('a', Buffer.from('bytes'))
    const { url, headers } = await store.presignGet('a')
    expect(url).toMatch(new RegExp(`^${endpoint}/`))
    expect(await (await fetch(url, { headers })).text()).toBe('bytes')
    await store.delete(['a'])
  })
})

describe('CA_FILE', () => {
  test('a file that is not there, or holds no certificate, is named', async () => {
    await expect(trustToo('/nowhere/ca.pem')).rejects.toMatchObject({
      message: expect.stringContaining('/nowhere/ca.pem'),
      advice: expect.stringContaining('CA_FILE'),
    })
    await expect(trustToo(import.meta.filename)).rejects.toMatchObject({
      message: expect.stringContaining('no certificate'),
    })
  })
})
