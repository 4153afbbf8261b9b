import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import type { Env } from '#server/env.ts'
import type { KubeClient } from '#server/orchestrator/kubernetes/client.ts'
import { START_PATIENCE_MS } from '#server/orchestrator/kubernetes/limits.ts'
import {
  describePermission,
  missingPermissions,
  permissionsNeeded,
} from '#server/orchestrator/kubernetes/permissions.ts'
import { failed, ok, skipped } from './check.ts'
import type { Check, Finding } from './check.ts'
import { skewByHeader } from './clock.ts'
import { MAX_NODES, MAX_PIDS, MIN_PIDS } from './limits.ts'

export type ClusterEnv = Extract<Env['orchestrator'], { provider: 'kubernetes' }>

const ENFORCE = 'pod-security.kubernetes.io/enforce'

const namespaceSchema = z.object({ metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }) })
const namesSchema = z.object({ items: z.array(z.object({ metadata: z.object({ name: z.string() }) })) })
const kubeletSchema = z.object({ kubeletconfig: z.object({ podPidsLimit: z.number().default(-1) }) })

/** What sandboxes need of the cluster. */
export function clusterChecks(client: KubeClient, env: ClusterEnv): Check[] {
  const { namespace, storageClass, runtimeClass } = env
  return [
    { name: 'clock: API server', look: () => clock(client) },
    { name: 'cluster: verbs', look: () => verbs(client, env) },
    { name: `cluster: namespace ${namespace}`, look: () => namespaceOf(client, namespace) },
    {
      name: 'cluster: storage class',
      look: () =>
        storageClass === undefined
          ? Promise.resolve(skipped('the node’s disk is used (SANDBOX_STORAGE_CLASS is not set)'))
          : named(client, '/apis/storage.k8s.io/v1/storageclasses', { name: storageClass, setting: 'SANDBOX_STORAGE_CLASS' }), // prettier-ignore
    },
    {
      name: 'cluster: runtime class',
      look: () =>
        runtimeClass === undefined
          ? Promise.resolve(skipped('sandboxes share the kernel of their node (RUNTIME_CLASS is not set)'))
          : named(client, '/apis/node.k8s.io/v1/runtimeclasses', { name: runtimeClass, setting: 'RUNTIME_CLASS' }),
    },
    { name: 'cluster: processes per pod', look: () => pids(client) },
  ]
}

async function clock(client: KubeClient): Promise<Finding> {
  const asked = Date.now()
  const answer = await client.stream({ method: 'GET', path: '/version' })
  answer.resume()
  return skewByHeader('the API server', answer.headers.date, asked)
}

async function verbs(client: KubeClient, env: ClusterEnv): Promise<Finding> {
  const needed = permissionsNeeded(env)
  const missing = await missingPermissions(client, env.namespace, needed)
  if (missing.length === 0) return ok(`all ${needed.length} are granted in ${env.namespace}`)
  return failed(
    `In the namespace ${env.namespace} this account may not: ${missing.map(describePermission).join(', ')}.`,
    `Grant that to its service account: kubectl apply -k ${env.reach === 'port-forward' ? 'k8s/overlays/remote' : 'with the overlay that was installed'}`,
  )
}

async function namespaceOf(client: KubeClient, name: string): Promise<Finding> {
  const found = await read(client, `/api/v1/namespaces/${name}`)
  if (found === 'forbidden') return skipped(`this account may not look: kubectl get namespace ${name} --show-labels`)
  if (found === 'absent') return failed(`There is no namespace ${name}.`, 'kubectl apply -f k8s/base/namespaces.yaml')
  const level = namespaceSchema.parse(found.value).metadata.labels[ENFORCE]
  if (level === 'restricted') return ok('Pod Security: restricted')
  return failed(
    `Pod Security of the namespace is ${level ?? 'not set'}: nothing refuses a pod with more rights than a sandbox has.`,
    `kubectl label --overwrite namespace ${name} ${ENFORCE}=restricted`,
  )
}

async function named(
  client: KubeClient,
  path: string,
  { name, setting }: { name: string; setting: string },
): Promise<Finding> {
  const all = await read(client, path)
  if (all === 'forbidden')
    return skipped(`this account may not look: kubectl get ${path.split('/').at(-1) ?? ''} ${name}`)
  const names = all === 'absent' ? [] : namesSchema.parse(all.value).items.map(({ metadata }) => metadata.name)
  if (names.includes(name)) return ok(name)
  return failed(
    `The cluster has no ${name}.`,
    `Set ${setting} to one of: ${names.join(', ') || 'none exist yet'}; or install it.`,
  )
}

async function pids(client: KubeClient): Promise<Finding> {
  const refused = skipped(
    'this account may not look: kubectl get --raw /api/v1/nodes/NODE/proxy/configz shows podPidsLimit',
  )
  const nodes = await read(client, '/api/v1/nodes')
  if (nodes === 'forbidden' || nodes === 'absent') return refused
  const limits: number[] = []
  for (const { metadata } of namesSchema.parse(nodes.value).items.slice(0, MAX_NODES)) {
    // A node that does not answer tells nothing.
    const settings = await read(client, `/api/v1/nodes/${metadata.name}/proxy/configz`, 0).catch(
      () => 'absent' as const,
    )
    if (settings === 'forbidden') return refused
    const parsed = settings === 'absent' ? undefined : kubeletSchema.safeParse(settings.value)
    if (parsed?.success === true) limits.push(parsed.data.kubeletconfig.podPidsLimit)
  }
  const advice =
    'Set podPidsLimit in the kubelet’s configuration of every node (k3s: --kubelet-arg=pod-max-pids=1024), and restart it.'
  if (limits.length === 0) return skipped('no node tells its settings')
  if (limits.some((limit) => limit <= 0 || limit > MAX_PIDS))
    return failed('A fork bomb in one REPL can take all processes of a node (podPidsLimit).', advice)
  if (limits.some((limit) => limit < MIN_PIDS))
    return failed(`podPidsLimit is ${Math.min(...limits)}: installing packages needs more.`, advice)
  return ok(`podPidsLimit ${[...new Set(limits)].join(', ')}`)
}

async function read(
  client: KubeClient,
  path: string,
  patienceMs = START_PATIENCE_MS,
): Promise<{ value: unknown } | 'absent' | 'forbidden'> {
  try {
    return { value: await client.call({ method: 'GET', path, patienceMs }) }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'not_found') return 'absent'
    if (/ may not /.test(error.message)) return 'forbidden'
    throw error
  }
}
