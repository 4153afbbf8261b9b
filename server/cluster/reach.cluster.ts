import { afterEach, describe, expect, test } from 'vitest'
import { NODE_ADDRESS } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
import { openKubeClient } from '#server/orchestrator/kubernetes/client.ts'
import { startIngressController } from '#server/orchestrator/kubernetes/reach/_ingress-controller.ts'
import { eventually } from '#server/workspaces/faults/_eventually.ts'
import { ClusterProduct } from './_cluster-product.ts'

let product: ClusterProduct
afterEach(() => product[Symbol.asyncDispose]())

async function workAndComeBack(): Promise<void> {
  const replId = await product.create()
  await product.running(replId)
  {
    using editor = await product.open(replId)
    await editor.run('head -c 2000000 /dev/urandom > big && sha256sum big > sum')
  }
  await product.control.ask('stop', replId)
  await product.until(replId, 'stopped')
  using editor = await product.open(replId)
  await editor.run('sha256sum --check --quiet sum')
}

describe('decision 23: how pods are reached', () => {
  test('port-forward: from a laptop with nothing but a kubeconfig, its own disk and no port for pods', async () => {
    product = await ClusterProduct.start({
      REACH: 'port-forward',
      INTERNAL_URL: '',
      SANDBOX_CALLERS: '',
      EGRESS_ALLOW: '',
      STATE_STORE: 'sqlite',
      OBJECT_STORE: 'disk',
    })
    await expect(workAndComeBack()).resolves.toBeUndefined()
  })

  test('port-forward: a control plane that was killed is back with what runs', async () => {
    product = await ClusterProduct.start({ REACH: 'port-forward', INTERNAL_URL: '', SANDBOX_CALLERS: '' })
    const replId = await product.create()
    const sandboxId = await product.running(replId)
    {
      using editor = await product.open(replId)
      await editor.write('kept.txt', 'kept', null)
    }
    await product.control.kill()
    await product.restart()
    expect(await product.running(replId)).toBe(sandboxId)
    await product.control.ask('stop', replId)
    await product.until(replId, 'stopped')
    using editor = await product.open(replId)
    expect((await editor.read('kept.txt'))?.content).toBe('kept')
  })

  test('port-forward: a drained pod ends once its work is saved, though connections of ours are open', async () => {
    product = await ClusterProduct.start({ REACH: 'port-forward', INTERNAL_URL: '', SANDBOX_CALLERS: '' })
    const replId = await product.create()
    const sandboxId = await product.running(replId)
    const pod = await product.podOf(sandboxId)
    {
      using editor = await product.open(replId)
      await editor.write('kept.txt', 'kept', null)
      await product.evict(pod)
    }
    await eventually(
      'the pod is gone long before its grace is over',
      async () => (await product.kubectl('get', 'pod', pod, '--ignore-not-found', '--output', 'name')).trim() === '',
    )
    using editor = await product.open(replId)
    expect((await editor.read('kept.txt'))?.content).toBe('kept')
  })

  test('ingress: through a controller that passes TLS on by name', async () => {
    using client = openKubeClient()
    await using controller = await startIngressController(client, () => product.namespace)
    product = await ClusterProduct.start({
      REACH: 'ingress',
      SANDBOX_INGRESS_DOMAIN: 'sandboxes.test',
      SANDBOX_INGRESS_ADDRESS: '127.0.0.1',
      SANDBOX_INGRESS_PORT: String(controller.port),
      SANDBOX_CALLERS: `${NODE_ADDRESS}/32`,
    })
    await workAndComeBack()
    expect(controller.served.size).toBe(4)
  })
})
