import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newSandboxId } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { CONTRACT_LIMITS } from '../_stand-in-client.ts'
import { buildImage, kubectl, makeInstallation, makeNamespace, testSettings } from './_cluster-stage.ts'

const POLL = { timeout: 20_000, interval: 20 }
const image = { registry: 'devex.test/stand-in', tag: 'contract', pullPolicy: 'Never' as const }
const options = { template: 'node', limits: CONTRACT_LIMITS }

test('L5: a control plane that hands a start over leaves what it made to the other, which finishes it', async () => {
  for (const name of ['devex-sandbox', 'devex-template-node']) {
    await buildImage(`${image.registry}/${name}:${image.tag}`, join(import.meta.dirname, '_stand-in'))
  }
  await using namespace = await makeNamespace()
  await using installation = await makeInstallation(testSettings(namespace.name, { image }))
  await using first = installation.open()
  await using second = installation.open()
  const sandboxId = newSandboxId()
  const controller = new AbortController()
  const given = first.create(sandboxId, { ...options, signal: controller.signal })
  given.catch(() => undefined)
  const uid = () => kubectl('--namespace', namespace.name, 'get', 'service', '--output', 'jsonpath={.items[*].metadata.uid}') // prettier-ignore
  await expect.poll(uid, POLL).not.toBe('')
  const record = await uid()
  const taken = second.create(sandboxId, options)
  // What a lost lease, or an ending control plane, aborts a start with.
  controller.abort(new AppError('unavailable', 'The lease was lost.'))
  await expect(given).rejects.toThrow('The lease was lost.')
  await taken
  expect(await second.list()).toMatchObject([{ id: sandboxId, state: 'up' }])
  expect(await uid()).toBe(record)
  await second.remove(sandboxId)
})
