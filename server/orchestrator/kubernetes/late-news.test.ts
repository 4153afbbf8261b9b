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
import { MAX_ASKED_AT_ONCE, POD_GRACE_SECONDS, STRANDED_MS } from './limits.ts'
import { ADDRESS_ANNOTATION, MANAGED_BY, POD_ANNOTATION, SANDBOX_LABEL, TEMPLATE_LABEL } from './names.ts'

const NAMESPACE = 'sandboxes'
const SANDBOX = 's000000000000001'
const MANY = 700
/** Longer than two requests made at once are apart. */
const SLOW_ANSWER_MS = 200
const POLL = { timeout: 10_000, interval: 10 }

const labels = { ...MANAGED_BY, [SANDBOX_LABEL]: SANDBOX, [TEMPLATE_LABEL]: 'node' }
const made = '2026-01-01T00:00:00Z'
const record = (resourceVersion: string, annotations: Record<string, string> = {}, name = SANDBOX) => ({
  metadata: {
    name,
    uid: `record of ${name}`,
    resourceVersion,
    labels: { ...labels, [SANDBOX_LABEL]: name },
    annotations,
    creationTimestamp: made,
  },
})
const pod = podOf(SANDBOX, 'pod-1')
const UP = { [ADDRESS_ANNOTATION]: '127.0.0.1', [POD_ANNOTATION]: 'pod-1' }

/** A cluster that a test tells what it has, and when its watches hear of it. */
class Cluster {
  services = [record('10')]
  pods: ReturnType<typeof podOf>[] = []
  /** What happens while it reads its records. */
  whileReading: () => Promise<void> = () => Promise.resolve()
  readonly watches = new Map<string, ServerResponse>()
  /** The grace that each object, or kind, was deleted with. */
  readonly graces = new Map<string, string | null>()
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
            items: (kind === 'pods' ? this.pods : this.services).filter(({ metadata }) =>
              isAskedFor(query.get('labelSelector') ?? '', metadata.labels[SANDBOX_LABEL]),
            ),
          })
        if (kind === 'services') void this.whileReading().then(list)
        else list()
      } else {
        if (method === 'DELETE') this.graces.set(kind, query.get('gracePeriodSeconds'))
        answer(response, 200, {})
      }
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

  /** How many lists of a kind there were. */
  lists(kind: 'pods' | 'services'): number {
    const call = `GET /api/v1/namespaces/${NAMESPACE}/${kind}`
    return (this.api?.calls.filter((made) => made === call).length ?? 0) - 1
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

test('D2: of a pod that is evicted and then deleted, the eviction is what is told', async () => {
  const cluster = new Cluster()
  cluster.services = [record('10', UP)]
  cluster.pods = [pod]
  const orchestrator = await cluster.open()
  await using seen = observing(orchestrator)
  await expect.poll(() => seen.last, POLL).toMatchObject({ sandbox: { id: SANDBOX, state: 'up' } })
  const evicted = {
    ...pod,
    status: { ...pod.status, phase: 'Failed', reason: 'Evicted', message: 'Its volume is full.' },
  }
  cluster.pods = [evicted]
  cluster.hear('pods', 'MODIFIED', evicted)
  await expect.poll(() => seen.last, POLL).toEqual({ kind: 'removed', sandboxId: SANDBOX })
  cluster.pods = []
  cluster.hear('pods', 'DELETED', evicted)
  expect(await orchestrator.get(SANDBOX)).toBeUndefined()
  expect(orchestrator.lossOf(SANDBOX)).toBe('its pod ended (Evicted): Its volume is full')
})

test('D2: what is lost with a silent node is removed without waiting for it; on a drained one it saves', async () => {
  const cluster = new Cluster()
  cluster.services = [record('10', UP)]
  const ended = (reason: string) => ({
    metadata: {
      ...pod.metadata,
      deletionTimestamp: new Date(Date.now() - 2 * STRANDED_MS + POD_GRACE_SECONDS * 1000).toISOString(),
      deletionGracePeriodSeconds: POD_GRACE_SECONDS,
    },
    status: {
      ...pod.status,
      conditions: [
        { type: 'DisruptionTarget', status: 'True', reason },
        { type: 'Ready', status: 'False' },
        { type: 'ContainersReady', status: 'True' },
      ],
    },
  })
  cluster.pods = [ended('EvictionByEvictionAPI')]
  const orchestrator = await cluster.open()
  expect(await orchestrator.list()).toMatchObject([{ id: SANDBOX, state: 'up' }])
  expect(cluster.deletions()).toEqual([])
  cluster.pods = [ended('DeletionByTaintManager')]
  cluster.hear('pods', 'MODIFIED', ended('DeletionByTaintManager'))
  await expect.poll(() => orchestrator.list(), POLL).toEqual([])
  expect(orchestrator.lossOf(SANDBOX)).toBe('its node does not answer')
  await expect.poll(() => cluster.graces.get(pod.metadata.name), POLL).toBe('0')
})

test('many that are heard of before their pods are asked for together', async () => {
  const cluster = new Cluster()
  cluster.services = []
  const orchestrator = await cluster.open()
  await using seen = observing(orchestrator)
  const ids = Array.from({ length: MANY }, (_, index) => `s${String(index).padStart(15, '0')}`)
  const up = (id: string) => record('11', { ...UP, [POD_ANNOTATION]: `pod of ${id}` }, id)
  cluster.pods = ids.map((id) => podOf(id, `pod of ${id}`))
  cluster.services = ids.map(up)
  for (const id of ids) cluster.hear('services', 'ADDED', up(id))
  await expect.poll(() => seen.all.length, POLL).toBe(MANY)
  expect(seen.all.every(({ kind }) => kind === 'sandbox')).toBe(true)
  // What comes in while one list is made goes into the next.
  expect(cluster.lists('services')).toBeLessThan(MANY / 20)
})

test('many that are not heard of are asked for in few lists', async () => {
  const cluster = new Cluster()
  cluster.services = []
  const orchestrator = await cluster.open()
  const before = { services: cluster.lists('services'), pods: cluster.lists('pods') }
  const ids = Array.from({ length: MANY }, (_, index) => `s${String(index).padStart(15, '0')}`)
  // Another control plane made them, and no watch has told of it; the last one nobody made.
  cluster.services = ids.slice(0, -1).map((id) => record('11', { ...UP, [POD_ANNOTATION]: `pod of ${id}` }, id))
  cluster.pods = ids.map((id) => podOf(id, `pod of ${id}`))
  const found = await Promise.all(ids.map((id) => orchestrator.get(id)))
  expect(found.map((sandbox) => sandbox?.id)).toEqual([...ids.slice(0, -1), undefined])
  const few = Math.ceil(MANY / MAX_ASKED_AT_ONCE)
  expect(cluster.lists('services') - before.services).toBe(few)
  expect(cluster.lists('pods') - before.pods).toBe(few)
})

function podOf(sandboxId: string, uid: string) {
  return {
    metadata: {
      name: `${sandboxId}-x`,
      uid,
      resourceVersion: '5',
      labels: { ...labels, [SANDBOX_LABEL]: sandboxId },
      creationTimestamp: made,
    },
    status: { phase: 'Running', podIP: '127.0.0.1' },
  }
}

/** As an API server reads `name in (a,b)`; any other selector is for all of them. */
function isAskedFor(selector: string, sandboxId: string): boolean {
  const names = new RegExp(`^${SANDBOX_LABEL} in \\(([^)]*)\\)$`).exec(selector)?.[1]
  return names === undefined || names.split(',').includes(sandboxId)
}

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
