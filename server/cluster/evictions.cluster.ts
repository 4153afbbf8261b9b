import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { ClusterProduct } from './_cluster-product.ts'

/** Of a REPL's disk; its volume takes half a gigabyte more. */
const DISK_BYTES = 16 * 1024 ** 2
/** More than that volume may hold. */
const TOO_MUCH = '700M'
/** Longer than any change waits to be saved. */
const SAVED_MS = 5_000
/** The kubelet measures a pod's volumes every one to two minutes, as chance has it, and looks every ten seconds. */
const EVICTED_LIMIT_MS = 300_000
const TOLD_LIMIT_MS = 30_000
const TEST_LIMIT_MS = 430_000

let product: ClusterProduct
beforeAll(async () => {
  product = await ClusterProduct.start({ SANDBOX_DISK_BYTES: String(DISK_BYTES) })
})
afterAll(() => product[Symbol.asyncDispose]())

describe('D2: an eviction', () => {
  test(
    'by the kubelet itself, of a pod that holds more than its volume may, costs seconds of work, and the page says so',
    async () => {
      const replId = await product.create()
      const sandboxId = await product.running(replId)
      const pod = await product.podOf(sandboxId)
      {
        using editor = await product.open(replId)
        await editor.write('before.txt', 'saved by then', null)
        await delay(SAVED_MS)
        // Beside the workspace: what is saved stays small.
        await editor.run(`fallocate -l ${TOO_MUCH} /home/dev/too-much`)
      }
      const of = `reason=Evicted,involvedObject.name=${pod}`
      const said = () => product.kubectl('get', 'events', '--field-selector', of, '--output', 'jsonpath={.items[*].source.component}: {.items[*].message}') // prettier-ignore
      await expect
        .poll(said, { timeout: EVICTED_LIMIT_MS, interval: 500 })
        .toMatch(/^kubelet: .*"volume" exceeds the limit/)
      const told = async () => {
        const { state } = await product.view(replId)
        return `${state.kind}: ${state.error?.message ?? ''}`
      }
      await expect
        .poll(told, { timeout: TOLD_LIMIT_MS, message: 'its state tells the truth' })
        // Where both containers ended well within the second that they get, the kubelet forgets to say more of the pod.
        .toMatch(/^failed: .* is gone: its pod ended \((Evicted\).*exceeds the limit|Succeeded\))/)
      const { state } = await product.view(replId)
      expect(state.error?.advice).toMatch(/as it was last saved/)
      await eventually(
        'nothing of it is left',
        async () => (await product.left(`devex.dev/sandbox=${sandboxId}`)) === '',
      )
      using editor = await product.open(replId)
      expect((await editor.read('before.txt'))?.content).toBe('saved by then')
      // Another sandbox: the empty one that the cluster put in the place of the evicted pod is nobody's.
      expect(await product.running(replId)).not.toBe(sandboxId)
    },
    TEST_LIMIT_MS,
  )
})

test('a node that is drained, as kubectl does it, costs nothing', async () => {
  const replId = await product.create()
  const sandboxId = await product.running(replId)
  const pod = await product.podOf(sandboxId)
  {
    using editor = await product.open(replId)
    await editor.run('head -c 3000000 /dev/urandom > big && sha256sum big > sum')
    await product.evict(pod)
  }
  await product.until(replId, 'failed', 'stopped')
  using editor = await product.open(replId)
  await expect(editor.run('sha256sum --check --quiet sum')).resolves.toBeUndefined()
  expect(await product.running(replId)).not.toBe(sandboxId)
})

test('a program in a pod that is drained has the time to end in order', async () => {
  const replId = await product.create()
  const sandboxId = await product.running(replId)
  {
    using editor = await product.open(replId)
    await editor.run(`(trap '' HUP; trap 'sleep 1; echo whole > data; exit' TERM; while :; do sleep 0.1; done) & true`)
    await product.evict(await product.podOf(sandboxId))
  }
  await product.until(replId, 'failed', 'stopped')
  using editor = await product.open(replId)
  expect((await editor.read('data'))?.content).toBe('whole\n')
})
