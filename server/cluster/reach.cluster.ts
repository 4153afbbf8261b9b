import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NODE_ADDRESS, kubectl } from '#server/orchestrator/kubernetes/_cluster-stage.ts'
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

  test('ingress: through a controller that passes TLS on by name', async () => {
    const controller = await startController()
    try {
      product = await ClusterProduct.start({
        REACH: 'ingress',
        SANDBOX_INGRESS_DOMAIN: 'sandboxes.test',
        SANDBOX_INGRESS_ADDRESS: '127.0.0.1',
        SANDBOX_INGRESS_PORT: String(controller.port),
        SANDBOX_CALLERS: `${NODE_ADDRESS}/32`,
      })
      controller.namespace = product.namespace
      await workAndComeBack()
      expect(controller.served.size).toBe(4)
    } finally {
      controller.close()
    }
  })
})

const ingressesSchema = z.object({
  items: z.array(
    z.object({
      spec: z.object({
        rules: z.array(
          z.object({
            host: z.string(),
            http: z.object({
              paths: z.array(
                z.object({
                  backend: z.object({ service: z.object({ name: z.string(), port: z.object({ number: z.int() }) }) }),
                }),
              ),
            }),
          }),
        ),
      }),
    }),
  ),
})

interface Controller {
  port: number
  namespace: string
  /** Hosts that were asked for and found. */
  served: Set<string>
  close(): void
}

/** As an ingress controller passes TLS through: the name in the first message, looked up in the Ingress objects, says where to. */
async function startController(): Promise<Controller> {
  const sockets = new Set<Socket>()
  const controller: Controller = { port: 0, namespace: '', served: new Set(), close: () => undefined }
  const server = createServer((client) => {
    sockets.add(client)
    client.on('error', () => client.destroy())
    client.once('data', (hello: Buffer) => {
      client.pause()
      void passOn(client, hello, controller)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  controller.port = typeof address === 'object' && address !== null ? address.port : 0
  controller.close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return controller
}

async function passOn(client: Socket, hello: Buffer, controller: Controller): Promise<void> {
  const [host] = /(?:runner|sidecar)-[a-z0-9]+\.sandboxes\.test/.exec(hello.toString('latin1')) ?? []
  const target = host === undefined ? undefined : await backendOf(host, controller.namespace)
  if (host === undefined || target === undefined) return void client.destroy()
  controller.served.add(host)
  const pod = connect(target)
  pod.on('error', () => client.destroy())
  pod.once('close', () => client.destroy())
  client.once('close', () => pod.destroy())
  pod.write(hello)
  client.pipe(pod).pipe(client)
}

async function backendOf(host: string, namespace: string): Promise<{ host: string; port: number } | undefined> {
  const { items } = ingressesSchema.parse(
    JSON.parse(await kubectl('--namespace', namespace, 'get', 'ingress', '--output', 'json')),
  )
  const rule = items.flatMap(({ spec }) => spec.rules).find((each) => each.host === host)
  const service = rule?.http.paths[0]?.backend.service
  if (service === undefined) return undefined
  // As ingress-nginx does where it passes TLS through.
  const address = await kubectl('--namespace', namespace, 'get', 'service', service.name, '--output', 'jsonpath={.spec.clusterIP}') // prettier-ignore
  return address.trim() === '' ? undefined : { host: address.trim(), port: service.port.number }
}
