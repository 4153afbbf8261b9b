import { z } from 'zod'
import { openKubeClient } from '#server/orchestrator/kubernetes/client.ts'
import type { KubeClient } from '#server/orchestrator/kubernetes/client.ts'

const LOOK_MS = 10
const LIMIT_MS = 60_000
const KUBELET_LOOKS_MS = 1000

const podSchema = z.object({
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
  }),
})

/**
 * What nothing on this cluster can beat by much: one container of the same image that does nothing, from the request
 * until the API server calls it Ready. A pod as anybody gets it who names an image and no more, so with its account's
 * token mounted: for a pod with any volume the kubelet looks 300 ms later. It is removed before this resolves.
 */
export async function startBarePod(namespace: string): Promise<{ readyMs: number }> {
  using client = openKubeClient()
  const name = `bare-${Date.now().toString(36)}`
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const started = performance.now()
  await client.call({ method: 'POST', path: pods, body: bareSpec(name) })
  const readyMs = await untilReady(client, `${pods}/${name}`, started)
  await client.call({ method: 'DELETE', path: `${pods}/${name}`, query: { gracePeriodSeconds: '0' } })
  return { readyMs }
}

/** The kubelet looks once a second: what begins whenever the step before ended would always meet it at the same moment. */
export async function outOfStep(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * KUBELET_LOOKS_MS))
}

async function untilReady(client: KubeClient, path: string, started: number): Promise<number> {
  while (performance.now() - started < LIMIT_MS) {
    const { status } = podSchema.parse(await client.call({ method: 'GET', path }))
    const ms = performance.now() - started
    if (status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True')) return ms
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  throw new Error(`${path} is not ready after ${LIMIT_MS / 1000} s.`)
}

function bareSpec(name: string): object {
  const registry = process.env['IMAGE_REGISTRY'] ?? ''
  const tag = process.env['IMAGE_TAG'] ?? ''
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'bare',
          image: `${registry}/devex-template-empty:${tag}`,
          imagePullPolicy: 'Never',
          command: ['sleep', 'infinity'],
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
}
