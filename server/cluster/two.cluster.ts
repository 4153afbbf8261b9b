import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ControlProcess } from '#server/workspaces/faults/_control-process.ts'
import { ClusterProduct } from './_cluster-product.ts'

let product: ClusterProduct
let second: ControlProcess
beforeAll(async () => {
  product = await ClusterProduct.start()
  second = await product.another()
})
afterAll(() => product[Symbol.asyncDispose]())

async function servicesOf(replId: string): Promise<number> {
  return (await product.kubectl('get', 'services', '--selector', `devex.dev/repl=${replId}`, '--output', 'name')).trim().split('\n').length // prettier-ignore
}

test('a start asked of both control planes happens once, and both serve it', async () => {
  const replId = await product.create()
  const [first, other] = await Promise.all([product.running(replId), product.running(replId, second)])
  expect(first).toBe(other)
  expect(await servicesOf(replId)).toBe(1)
  using here = await product.open(replId)
  using there = await product.open(replId, second)
  const etag = await here.write('shared.txt', 'from one', null)
  expect((await there.read('shared.txt'))?.content).toBe('from one')
  await there.write('shared.txt', 'from the other', etag)
  expect((await here.read('shared.txt'))?.content).toBe('from the other')
})

test('stops asked of both are one, and lose nothing', async () => {
  const replId = await product.create()
  await product.running(replId, second)
  {
    using editor = await product.open(replId)
    await editor.write('kept.txt', 'kept', null)
  }
  await Promise.all([product.control.ask('stop', replId), second.ask('stop', replId)])
  await product.until(replId, 'stopped')
  using editor = await product.open(replId, second)
  expect((await editor.read('kept.txt'))?.content).toBe('kept')
})

test('one that is killed in the middle of a start leaves it to the other, and people go on there', async () => {
  const before = await product.create()
  const sandboxId = await product.running(before)
  {
    using editor = await product.open(before)
    await editor.run('sleep 1000 & echo $! > pid')
  }
  const replId = await product.create()
  void product.running(replId).catch(() => undefined)
  await delay(200)
  await product.control.kill()
  await product.running(replId, second)
  expect(await servicesOf(replId)).toBe(1)
  // What ran goes on running; whoever had a socket open opens the next one at the other.
  using editor = await product.open(before, second)
  await editor.run('kill -0 $(cat pid)')
  expect(await product.running(before, second)).toBe(sandboxId)
  await editor.write('saved.txt', 'with the first one dead', null)
  await second.ask('stop', before)
  using again = await product.open(before, second)
  expect((await again.read('saved.txt'))?.content).toBe('with the first one dead')
})
