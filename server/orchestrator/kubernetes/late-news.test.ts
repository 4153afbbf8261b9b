import type { ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { temporaryAuthority } from '#server/certificates/_temporary-authority.ts'
import { createLog } from '#server/log.ts'
import { answer, startApiServer } from './_api-server.ts'
import type { ApiServer } from './_api-server.ts'
import { openKubeClient } from './client.ts'
import { KubernetesOrchestrator } from './kubernetes.ts'
import { ADDRESS_ANNOTATION, MANAGED_BY, POD_ANNOTATION, SANDBOX_LABEL, TEMPLATE_LABEL } from './names.ts'

const NAMESPACE = 'sandboxes'
const SANDBOX = 's000000000000001'
/** Longer than two requests made at once are apart. */
const SLOW_ANSWER_MS = 200
const POLL = { timeout: 10_000, interval: 10 }

const labels = { ...MANAGED_BY, [SANDBOX_LABEL]: SANDBOX, [TEMPLATE_LABEL]: 'node' }
const made = '2026-01-01T00:00:00Z'
const record = (resourceVersion: string, annotations: Record<string, string> = {}) => ({
  metadata: { name: SANDBOX, uid: 'record', resourceVersion, labels, annotations, creationTimestamp: made },
})
const pod = {
  metadata: { name: `${SANDBOX}-x`, uid: 'pod-1', resourceVersion: '5', labels, creationTimestamp: made },
  status: { phase: 'Running', podIP: '127.0.0.1' },
}
const UP = { [ADDRESS_ANNOTATION]: '127.0.0.1', [POD_ANNOTATION]: 'pod-1' }

/** A cluster that a test tells what it has, and when its watches hear of it. */
class Cluster {
  services = [record('10')]
  pods: object[] = []
  /** What happens while it reads its records. */
  whileReading: () => Promise<void> = () => Promise.resolve()
  readonly watches = new Map<string, ServerResponse>()
  api: ApiServer | undefined

  async open(): Promise<KubernetesOrchestrator> {
    const { authority } = await temporaryAuthority()
    this.api = await startApiServer(authority, ({ path, query, method }, response) => {
      const kind = path.split('/').at(-1) ?? ''
      if (query.get('watch') === '1') {
        response.writeHead(200).flushHeaders()
        this.watches.set(kind, response)
      } else if (method === 'GET') {
        const list = () =>
          answer(response, 200, {
            metadata: { resourceVersion: '10' },
            items: kind === 'pods' ? this.pods : this.services,
          })
        if (kind === 'services') void this.whileReading().then(list)
        else list()
      } else answer(response, 200, {})
    })
    const orchestrator = new KubernetesOrchestrator({
      client: openKubeClient(this.api.kubeconfig),
      settings: {
        namespace: NAMESPACE,
        image: { registry: '', tag: 'x', pullPolicy: 'Never' },
        reach: 'pod',
        internalUrl: 'https://localhost:9',
        network: { controlPlaneNamespace: 'devex', callersFrom: [], egressAllow: [], clusterCidrs: [] },
      },
      authority,
      tokens: createTokens(newSigningKey()),
      serveCalls: (connection) => connection.destroy(),
      log: createLog({ level: 'error', format: 'text' }),
    })
    onTestFinished(() => orchestrator[Symbol.asyncDispose]())
    await vi.waitUntil(() => this.watches.size === 2, POLL)
    return orchestrator
  }

  hear(kind: 'pods' | 'services', type: string, object: object): void {
    this.watches.get(kind)?.write(`${JSON.stringify({ type, object })}\n`)
  }

  deletions(): string[] {
    return this.api?.calls.filter((call) => call.startsWith('DELETE')) ?? []
  }
}

test('D2: a record that is heard of before its pod is no reason to think the pod gone', async () => {
  const cluster = new Cluster()
  const orchestrator = await cluster.open()
  await using seen = observing(orchestrator)
  await expect.poll(() => seen.last, POLL).toMatchObject({ sandbox: { id: SANDBOX, state: 'starting' } })
  // Another control plane found it up; our own watch of pods is behind.
  cluster.pods = [pod]
  cluster.services = [record('11', UP)]
  cluster.hear('services', 'MODIFIED', record('11', UP))
  await expect.poll(() => seen.last, POLL).toMatchObject({ sandbox: { id: SANDBOX, state: 'up' } })
  expect(cluster.deletions()).toEqual([])
  expect(seen.all.filter(({ kind }) => kind === 'removed')).toEqual([])
})

test('D2: a list made while a pod came up does not count it as lost', async () => {
  const cluster = new Cluster()
  const orchestrator = await cluster.open()
  // It comes up while the records are being read: a list of pods asked for at the same time is older than they are.
  cluster.whileReading = async () => {
    await delay(SLOW_ANSWER_MS)
    cluster.pods = [pod]
    cluster.services = [record('11', UP)]
  }
  expect(await orchestrator.list()).toMatchObject([{ id: SANDBOX }])
  expect(await orchestrator.get(SANDBOX)).toMatchObject({ state: 'up' })
  expect(cluster.deletions()).toEqual([])
})

test('D2: a pod that is gone is told, and what is left of it removed', async () => {
  const cluster = new Cluster()
  cluster.services = [record('10', UP)]
  cluster.pods = [pod]
  const orchestrator = await cluster.open()
  await using seen = observing(orchestrator)
  await expect.poll(() => seen.last, POLL).toMatchObject({ sandbox: { id: SANDBOX, state: 'up' } })
  cluster.pods = []
  cluster.hear('pods', 'DELETED', pod)
  await expect.poll(() => seen.last, POLL).toEqual({ kind: 'removed', sandboxId: SANDBOX })
  await expect
    .poll(() => cluster.deletions(), POLL)
    .toContain(`DELETE /apis/apps/v1/namespaces/${NAMESPACE}/deployments/${SANDBOX}`)
})

function observing(orchestrator: KubernetesOrchestrator) {
  const controller = new AbortController()
  const all: { kind: string }[] = []
  const running = (async () => {
    for await (const observation of orchestrator.observe(controller.signal)) all.push(observation)
  })()
  return {
    all,
    get last() {
      return all.at(-1)
    },
    [Symbol.asyncDispose]: async () => {
      controller.abort()
      await running
    },
  }
}
