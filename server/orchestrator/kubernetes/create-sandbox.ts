import { AppError } from '#server/errors.ts'
import type { SandboxLimits } from '../orchestrator.ts'
import { issueCertificates } from './certificates.ts'
import { apiError, hopelessness } from './errors.ts'
import { knock } from './knock.ts'
import type { Cluster } from './kubernetes.ts'
import { NO_POD_AFTER_MS, READY_POLL_MS } from './limits.ts'
import { deploymentOf, ingressOf, networkPolicyOf, ownedBy, secretOf, serviceOf } from './manifests.ts'
import type { Manifest, SandboxSecrets, SandboxSpec } from './manifests.ts'
import { CREATED_ANNOTATION } from './names.ts'
import { deploymentSchema, recordSchema } from './objects.ts'
import type { Pod, SandboxRecord } from './objects.ts'
import { markUp } from './record.ts'
import { addressOf, podOf } from './view.ts'
import type { Seen } from './view.ts'

interface Creation {
  sandboxId: string
  template: string
  limits: SandboxLimits
  signal: AbortSignal
}

/** Makes a sandbox's objects, those of them that are not there yet, and waits until its sidecar is up. */
export async function createSandbox(cluster: Cluster, { signal, ...what }: Creation): Promise<void> {
  const since = Date.now()
  const spec: SandboxSpec = { ...what, publicKey: cluster.tokens.publicKey, settings: cluster.settings }
  const known = await cluster.roster.find(spec.sandboxId)
  if (known === undefined || addressOf(known) === undefined) await makeObjects(cluster, spec, { known, since, signal })
  await untilUp(cluster, spec.sandboxId, { since, signal })
}

async function makeObjects(
  cluster: Cluster,
  spec: SandboxSpec,
  { known, since, signal }: { known: Seen | undefined; since: number; signal: AbortSignal },
): Promise<void> {
  const secrets = makeSecrets(cluster, spec)
  // Joined below; a failure before that is that failure, not this one's.
  secrets.catch(() => undefined)
  const service = serviceOf(spec)
  const createdAt = known?.record.metadata.annotations[CREATED_ANNOTATION] ?? String(since)
  const annotations = { ...service.metadata.annotations, [CREATED_ANNOTATION]: createdAt }
  const record: SandboxRecord = recordSchema.parse(
    await apply(cluster, { ...service, metadata: { ...service.metadata, annotations } }, signal),
  )
  cluster.roster.wrote(record)
  const owner = { name: record.metadata.name, uid: record.metadata.uid }
  const ingress = ingressOf(spec)
  // All at once: a pod comes out of a Deployment well after the Secret that it mounts (and waits for it if it must), and
  // without its NetworkPolicy it has no network at all (`default-deny.ts`).
  await Promise.all([
    createOnce(cluster, ownedBy(secretOf(spec, await secrets), owner), signal),
    apply(cluster, ownedBy(networkPolicyOf(spec), owner), signal),
    apply(cluster, ownedBy(deploymentOf(spec), owner), signal),
    ingress === undefined ? undefined : apply(cluster, ownedBy(ingress, owner), signal),
  ])
}

async function makeSecrets(cluster: Cluster, { sandboxId }: SandboxSpec): Promise<SandboxSecrets> {
  const [certificates, bootToken] = await Promise.all([
    issueCertificates(cluster, sandboxId),
    cluster.tokens.boot({ sandbox: sandboxId }),
  ])
  return { ...certificates, bootToken }
}

/** Server-side apply: the same again changes nothing. */
function apply({ client }: Cluster, manifest: Manifest, signal: AbortSignal): Promise<unknown> {
  return client.call({
    method: 'PATCH',
    path: `${pathOf(manifest)}/${manifest.metadata.name}`,
    query: { fieldManager: 'devex', force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: manifest,
    signal,
  })
}

/** The pod may have the first one already: another would be one that it does not know. */
async function createOnce({ client }: Cluster, manifest: Manifest, signal: AbortSignal): Promise<void> {
  try {
    await client.call({ method: 'POST', path: pathOf(manifest), body: manifest, signal })
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'conflict') throw error
  }
}

/** The collection that an object lies in. */
export function pathOf({ apiVersion, kind, metadata }: Pick<Manifest, 'apiVersion' | 'kind' | 'metadata'>): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  const plural =
    kind === 'NetworkPolicy' ? 'networkpolicies' : kind === 'Ingress' ? 'ingresses' : `${kind.toLowerCase()}s`
  return `${root}/namespaces/${metadata.namespace}/${plural}`
}

/** Until the sidecar said hello to any control plane, or is found to answer; rejects when nothing will come of it. */
async function untilUp(
  cluster: Cluster,
  sandboxId: string,
  { since, signal }: { since: number; signal: AbortSignal },
): Promise<void> {
  const { roster } = cluster
  for (;;) {
    signal.throwIfAborted()
    const seen = roster.get(sandboxId)
    if (seen !== undefined && addressOf(seen) !== undefined) {
      // The sidecar says hello a second before an ingress controller has heard where it is.
      if (cluster.settings.reach !== 'ingress' || (await answers(cluster, seen))) return
    }
    const pod = seen === undefined ? undefined : podOf(seen)
    const waitedMs = Date.now() - since
    if (pod === undefined) await assertPodComes(cluster, sandboxId, waitedMs)
    else {
      const hopeless = hopelessness(pod, waitedMs)
      if (hopeless !== undefined) throw hopeless
      if (seen !== undefined && (await isFoundUp(cluster, seen, pod))) return
    }
    await nextChange(cluster, sandboxId, signal)
  }
}

async function isFoundUp(cluster: Cluster, seen: Seen, pod: Pod): Promise<boolean> {
  const { podIP, containerStatuses } = pod.status
  const isRunning = containerStatuses.some(({ name, state }) => name === 'sidecar' && state.running !== undefined)
  if (!isRunning || podIP === undefined || !(await answers(cluster, seen))) return false
  await markUp(cluster, seen.record.metadata.name, { address: podIP })
  return true
}

function answers(cluster: Cluster, seen: Seen): Promise<boolean> {
  return knock(cluster, seen, { part: 'sidecar' }).then(
    () => true,
    () => false,
  )
}

/** A Deployment whose pods are refused (quota, policy) says so in its conditions, and waits for ever. */
async function assertPodComes({ client, settings }: Cluster, sandboxId: string, waitedMs: number): Promise<void> {
  if (waitedMs < NO_POD_AFTER_MS) return
  const path = `/apis/apps/v1/namespaces/${settings.namespace}/deployments/${sandboxId}`
  const { status } = deploymentSchema.parse(await client.call({ method: 'GET', path }))
  const failure = status.conditions.find(({ type, status: is }) => type === 'ReplicaFailure' && is === 'True')
  if (failure?.message !== undefined) throw apiError(403, JSON.stringify({ message: failure.message }))
}

/** Resolves when something about the sandbox changed, or after `READY_POLL_MS`. */
async function nextChange({ roster }: Cluster, sandboxId: string, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, READY_POLL_MS)
  using _listening = roster.onChange((id) => {
    if (id === sandboxId) resolve()
  })
  const abort = () => resolve()
  signal.addEventListener('abort', abort, { once: true })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}
