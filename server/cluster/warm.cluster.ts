import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { ClusterProduct } from './_cluster-product.ts'

let product: ClusterProduct
beforeAll(async () => {
  product = await ClusterProduct.start({ SPARE_TEMPLATES: 'empty:1' })
})
afterAll(() => product[Symbol.asyncDispose]())

const servicesSchema = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        labels: z.record(z.string(), z.string()),
        annotations: z.record(z.string(), z.string()).default({}),
      }),
    }),
  ),
})

/** Sandboxes that are up and nobody's. */
async function spares(): Promise<string[]> {
  const { items } = servicesSchema.parse(JSON.parse(await product.kubectl('get', 'services', '--output', 'json')))
  return items
    .filter(
      ({ metadata }) =>
        metadata.labels['devex.dev/repl'] === undefined && metadata.annotations['devex.dev/address'] !== undefined,
    )
    .map(({ metadata }) => metadata.name)
}

test('L12: a start takes the pod that waits, and another one takes its place', async () => {
  await eventually('a pod waits', async () => (await spares()).length === 1)
  const [spare] = await spares()
  const replId = await product.create()
  expect(await product.running(replId)).toBe(spare)
  using editor = await product.open(replId)
  await editor.run('true')
  await expect.poll(() => product.control.log.join('\n'), { timeout: 10_000 }).toMatch(/started a REPL .*from=spare/)
  await eventually('another one waits', async () => (await spares()).length === 1)
})

test('pods of an image that is not the present one are drained, those in use are not', async () => {
  const replId = await product.create()
  const inUse = await product.running(replId)
  await eventually('a pod waits', async () => (await spares()).length === 1)
  const [outdated = ''] = await spares()
  await product.control.kill()
  await product.kubectl('annotate', 'service', outdated, 'devex.dev/image=devex.test/an-older-one:v0', '--overwrite')
  await product.restart()
  await eventually('a new one waits in its place', async () => {
    const now = await spares()
    return now.length === 1 && now[0] !== outdated
  })
  expect(await product.running(replId)).toBe(inUse)
})
