import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { createLog } from '#server/log.ts'
import type { KubeClient } from '#server/orchestrator/kubernetes/client.ts'
import { follow } from '#server/orchestrator/kubernetes/follow.ts'
import { serviceOf } from '#server/orchestrator/kubernetes/manifests.ts'
import type { SandboxSpec } from '#server/orchestrator/kubernetes/manifests.ts'
import {
  ADDRESS_ANNOTATION,
  CREATED_ANNOTATION,
  GENERATION_LABEL,
  MANAGED_BY,
  POD_ANNOTATION,
  REPL_LABEL,
  SANDBOX_LABEL,
} from '#server/orchestrator/kubernetes/names.ts'
import { podTemplate } from '#server/orchestrator/kubernetes/pod-template.ts'
import type { ClusterSettings } from '#server/orchestrator/kubernetes/settings.ts'
import type { Repl } from '#server/repls/record.ts'
import type { ReplStore } from '#server/repls/store.ts'

const AT_A_TIME = 24
const QUIET_MS = 8_000
const SETTLE_LIMIT_MS = 240_000
const LOOK_MS = 250
const GIB = 1024 ** 3

const templateSchema = z.object({ metadata: z.looseObject({}), spec: z.looseObject({}) })
const madeSchema = z.object({ metadata: z.object({ uid: z.string() }) })

interface Where {
  client: KubeClient
  settings: ClusterSettings
  store: ReplStore
}

/** REPLs on record that run, each with a Service and a pod as real ones have, on nodes that only pretend to run pods. */
export async function pretend(where: Where, owners: { id: string; name: string }[], each: number): Promise<void> {
  const open = owners.flatMap((owner) => Array.from({ length: each }, () => owner))
  await Promise.all(
    Array.from({ length: AT_A_TIME }, async () => {
      for (let owner = open.pop(); owner !== undefined; owner = open.pop()) await pretendOne(where, owner)
    }),
  )
}

/**
 * Resolves when nothing about them changes any more. Nodes that only pretend need a minute more than it takes to ask for
 * two thousand pods, and keep the cluster busy for as long.
 */
export async function settle({ client, settings }: Where): Promise<void> {
  const closing = new AbortController()
  const [log, query] = [createLog({ level: 'error', format: 'text' }), {}]
  let lastAt = Date.now()
  const schema = z.unknown()
  const onChange = () => void (lastAt = Date.now())
  const following = [
    `/api/v1/namespaces/${settings.namespace}/pods`,
    `/apis/discovery.k8s.io/v1/namespaces/${settings.namespace}/endpointslices`,
  ].map((path) => follow({ client, path, query, schema, onChange, log, signal: closing.signal }))
  const until = Date.now() + SETTLE_LIMIT_MS
  while (Date.now() < Math.min(lastAt + QUIET_MS, until)) await delay(LOOK_MS)
  closing.abort()
  await Promise.all(following)
  if (Date.now() >= until) throw new Error(`The pretended pods are still coming up after ${SETTLE_LIMIT_MS / 1000} s.`)
}

async function pretendOne({ client, settings, store }: Where, owner: { id: string; name: string }): Promise<void> {
  const [sandboxId, replId, now] = [newSandboxId(), newId(), Date.now()]
  const spec: SandboxSpec = {
    sandboxId,
    template: 'empty',
    limits: { memoryBytes: GIB, cpus: 1, processes: 512, diskBytes: 5 * GIB },
    publicKey: '',
    settings,
  }
  const label = { [REPL_LABEL]: replId, [GENERATION_LABEL]: '1' }
  const core = `/api/v1/namespaces/${settings.namespace}`
  const pod = await client.call({ method: 'POST', path: `${core}/pods`, body: fakePod(spec, label) })
  const service = serviceOf(spec)
  const annotations = {
    ...service.metadata.annotations,
    [CREATED_ANNOTATION]: String(now),
    [ADDRESS_ANNOTATION]: '127.64.0.1',
    [POD_ANNOTATION]: madeSchema.parse(pod).metadata.uid,
  }
  const metadata = { ...service.metadata, labels: { ...service.metadata.labels, ...label }, annotations }
  await client.call({ method: 'POST', path: `${core}/services`, body: { ...service, metadata } })
  await store.insert(record({ sandboxId, replId, owner, now }))
}

function fakePod(spec: SandboxSpec, label: Record<string, string>): object {
  const template = templateSchema.parse(podTemplate(spec))
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: spec.sandboxId, labels: { ...MANAGED_BY, [SANDBOX_LABEL]: spec.sandboxId, ...label } },
    spec: {
      ...template.spec,
      nodeSelector: { type: 'kwok' },
      tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists' }],
    },
  }
}

function record({
  sandboxId,
  replId,
  owner,
  now,
}: {
  sandboxId: string
  replId: string
  owner: Repl['owner']
  now: number
}): Repl {
  return {
    format: 1,
    id: replId,
    name: 'pretended',
    template: 'empty',
    source: { kind: 'template' },
    owner,
    generation: 1,
    fence: 0,
    state: { kind: 'running', sandboxId, since: now, revivals: 0 },
    createdAt: now,
    lastUsedAt: now,
    activeAt: now,
    publicPorts: [],
  }
}
