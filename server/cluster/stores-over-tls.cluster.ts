import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startTlsFront } from '#server/_tls-front.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { NODE_ADDRESS } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { startRedis } from '#server/workspaces/faults/_redis.ts'
import { ClusterProduct } from './_cluster-product.ts'

/** A company's Redis and S3: over TLS, with certificates of the company's own authority. */
async function companysStores() {
  const folder = await mkdtemp(join(tmpdir(), 'devex-company-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const redis = await startRedis(join(folder, 'redis'))
  if (redis === undefined) throw new Error('These tests need redis-server: the test bed installs it.')
  onTestFinished(() => redis[Symbol.asyncDispose]())
  const { authority } = await temporaryAuthority()
  const front = async (url: string) => {
    const { hostname, port } = new URL(url)
    const identity = await authority.issue({ names: [NODE_ADDRESS], ms: 3_600_000 })
    const server = await startTlsFront(identity, { to: { host: hostname, port: Number(port) }, host: NODE_ADDRESS })
    onTestFinished(() => server[Symbol.asyncDispose]())
    return server
  }
  const caFile = join(folder, 'ca.pem')
  await writeFile(caFile, await authority.trust())
  return { redis: await front(redis.url), s3: await front(process.env['TESTBED_S3_ENDPOINT'] ?? ''), caFile }
}

test('S11: with CA_FILE, control plane and sandboxes save and restore through stores of a company’s own authority', async () => {
  const { redis, s3, caFile } = await companysStores()
  const service = `${NODE_ADDRESS}/32`
  const env = {
    REDIS_URL: `rediss://${NODE_ADDRESS}:${redis.port}`,
    S3_ENDPOINT: `https://${NODE_ADDRESS}:${s3.port}`,
    EGRESS_ALLOW: service,
    CA_FILE: caFile,
  }
  const product = await ClusterProduct.start(env)
  onTestFinished(() => product[Symbol.asyncDispose]())
  const replId = await product.create()
  await product.running(replId)
  const before = s3.heardBytes
  {
    using editor = await product.open(replId)
    await editor.run('head -c 3000000 /dev/urandom > big && sha256sum big > sum')
  }
  await product.control.ask('stop', replId)
  await product.until(replId, 'stopped')
  // From the pod, by pre-signed URLs.
  expect(s3.heardBytes - before).toBeGreaterThan(3_000_000)
  using editor = await product.open(replId)
  await editor.run('sha256sum --check --quiet sum')
  expect(redis.heardBytes).toBeGreaterThan(0)
})
