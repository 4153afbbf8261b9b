import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { kubectl } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { ClusterProduct } from './_cluster-product.ts'

async function failure(product: ClusterProduct, replId: string) {
  await product.control.ask('running', replId).catch(() => undefined)
  await product.until(replId, 'failed')
  return (await product.view(replId)).state.error
}

test('L5: an image that is not there is named, with the way out, and leaves nothing', async () => {
  await using product = await ClusterProduct.start({ IMAGE_TAG: 'no-such-tag' })
  const replId = await product.create()
  const error = await failure(product, replId)
  expect(error?.message).toMatch(/devex\.test\/devex-.*:no-such-tag/)
  expect(error?.advice).toMatch(/npm run images/)
  await eventually('nothing is left', async () => (await product.left('app.kubernetes.io/managed-by=devex')) === '')
})

test('L5: a quota that is used up is told as that', async () => {
  await using product = await ClusterProduct.start()
  await product.kubectl('create', 'quota', 'none', '--hard=pods=0')
  const error = await failure(product, await product.create())
  expect(error?.code).toBe('quota_exceeded')
  expect(error?.message).toMatch(/exceeded quota: none/)
})

test('L14: a verb that is missing is named at the start', async () => {
  await expect(ClusterProduct.start({ KUBECONFIG: await powerless() })).rejects.toThrow(/may not: .*get services/)
})

test('L14: a kubeconfig that is none is named at the start', async () => {
  await expect(ClusterProduct.start({ KUBECONFIG: '/nonexistent' })).rejects.toThrow(
    /kubeconfig \/nonexistent cannot be read/,
  )
})

/** A kubeconfig whose user may do nothing. */
async function powerless(): Promise<string> {
  const config = JSON.parse(await kubectl('config', 'view', '--raw', '--output', 'json'))
  const token = (await kubectl('--namespace', 'default', 'create', 'token', 'default')).trim()
  config.users = config.users.map((user: { name: string }) => ({ name: user.name, user: { token } }))
  const folder = await mkdtemp(join(tmpdir(), 'devex-powerless-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const file = join(folder, 'kubeconfig')
  await writeFile(file, JSON.stringify(config))
  return file
}
