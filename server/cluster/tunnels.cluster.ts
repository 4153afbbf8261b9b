import { expect, onTestFinished, test } from 'vitest'
import { ClusterProduct } from './_cluster-product.ts'

/** Pods that cannot call anybody of ours: whoever drives them opens the connections for their calls. */
const OUT_OF_REACH = { REACH: 'port-forward', INTERNAL_URL: '', SANDBOX_CALLERS: '', EGRESS_ALLOW: '' }

async function start(env: Record<string, string> = {}): Promise<ClusterProduct> {
  const product = await ClusterProduct.start({ ...OUT_OF_REACH, ...env })
  onTestFinished(() => product[Symbol.asyncDispose]())
  return product
}

test('many and large objects are saved and restored over connections that the control plane opened', async () => {
  const product = await start({ STATE_STORE: 'sqlite', OBJECT_STORE: 'disk' })
  const replId = await product.create()
  {
    using editor = await product.open(replId)
    await editor.run('head -c 80000000 /dev/urandom > big && for i in $(seq 2000); do head -c 3000 /dev/urandom > f$i; done; sha256sum big f* > sums') // prettier-ignore
  }
  await product.control.ask('stop', replId)
  await product.until(replId, 'stopped')
  using editor = await product.open(replId)
  await editor.run('sha256sum --check sums > checked')
  expect((await editor.read('checked'))?.content.split('\n').filter((line) => line.endsWith(': OK'))).toHaveLength(2001)
})

test('two control planes keep such connections; when one is killed, work is saved through the other’s', async () => {
  const s3 = new URL(process.env['TESTBED_S3_ENDPOINT_IN_CLUSTER'] ?? '')
  const product = await start({ EGRESS_ALLOW: `${s3.hostname}/32:${s3.port}` })
  const second = await product.another()
  const replId = await product.create()
  const sandboxId = await product.running(replId)
  expect(await product.running(replId, second)).toBe(sandboxId)
  {
    using editor = await product.open(replId)
    await editor.write('kept.txt', 'kept', null)
  }
  await product.control.kill()
  {
    using editor = await product.open(replId, second)
    await editor.write('later.txt', 'later', null)
  }
  await second.ask('stop', replId)
  using editor = await product.open(replId, second)
  expect(await product.running(replId, second)).not.toBe(sandboxId)
  expect((await editor.read('kept.txt'))?.content).toBe('kept')
  expect((await editor.read('later.txt'))?.content).toBe('later')
})
