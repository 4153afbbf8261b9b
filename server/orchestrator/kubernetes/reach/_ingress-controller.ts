import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { z } from 'zod'
import type { KubeClient } from '../client.ts'
import { serverNameOf } from './_client-hello.ts'

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
                  backend: z.object({
                    service: z.object({ name: z.string(), port: z.object({ number: z.int() }) }),
                  }),
                }),
              ),
            }),
          }),
        ),
      }),
    }),
  ),
})

const serviceSchema = z.object({ spec: z.object({ clusterIP: z.ipv4() }) })

export interface IngressController extends AsyncDisposable {
  port: number
  /** Hosts that were asked for and found. */
  served: ReadonlySet<string>
}

/**
 * What an ingress controller does that passes TLS through: it reads the Ingress objects of a namespace, and the name that
 * a client asks for, and joins it to the Service behind that host. It has no key and sees no plain text. `namespace` is
 * asked for with each connection.
 */
export async function startIngressController(client: KubeClient, namespace: () => string): Promise<IngressController> {
  const open = new Set<Socket>()
  const served = new Set<string>()
  const join = async (caller: Socket) => {
    const { name, seen } = await serverNameOf(caller)
    const backend = await backendOf(client, { namespace: namespace(), host: name })
    served.add(name)
    const behind = connect({ ...backend, allowHalfOpen: true })
    behind.on('error', () => caller.destroy())
    behind.once('close', () => caller.destroy())
    caller.once('close', () => behind.destroy())
    behind.write(seen)
    caller.pipe(behind).pipe(caller)
  }
  const server = createServer({ allowHalfOpen: true }, (caller) => {
    open.add(caller)
    caller.on('error', () => caller.destroy())
    caller.once('close', () => open.delete(caller))
    join(caller).catch(() => caller.destroy())
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    served,
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of open) socket.destroy()
      await once(server, 'close')
    },
  }
}

async function backendOf(
  client: KubeClient,
  { namespace, host }: { namespace: string; host: string },
): Promise<{ host: string; port: number }> {
  const path = `/apis/networking.k8s.io/v1/namespaces/${namespace}/ingresses`
  const ingresses = ingressesSchema.parse(await client.call({ method: 'GET', path }))
  const rule = ingresses.items.flatMap(({ spec }) => spec.rules).find((one) => one.host === host)
  const service = rule?.http.paths[0]?.backend.service
  if (service === undefined) throw new Error(`No Ingress has the host ${host}.`)
  // As ingress-nginx does where it passes TLS through: the Service's own address, which a headless one does not have.
  const { spec } = serviceSchema.parse(
    await client.call({ method: 'GET', path: `/api/v1/namespaces/${namespace}/services/${service.name}` }),
  )
  return { host: spec.clusterIP, port: service.port.number }
}
