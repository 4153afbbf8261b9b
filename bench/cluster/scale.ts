import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { newId } from '#protocol/ids.ts'
import { loadSigningKey } from '#server/auth/keys.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { createStanding } from '#server/auth/standing.ts'
import { createTokens } from '#server/auth/tokens.ts'
import { createUsers } from '#server/auth/users.ts'
import { createCertificateAuthority } from '#server/certificates/certificate-authority.ts'
import { ClusterProduct } from '#server/cluster/_cluster-product.ts'
import { readEnv } from '#server/env.ts'
import { createLog } from '#server/log.ts'
import { createMetrics } from '#server/metrics/metrics.ts'
import { openObjectStore, openStateStore } from '#server/open-stores.ts'
import { openKubeClient } from '#server/orchestrator/kubernetes/client.ts'
import { KubernetesOrchestrator } from '#server/orchestrator/kubernetes/kubernetes.ts'
import { createDomain } from '#server/repls/create-repls.ts'
import type { Domain } from '#server/repls/create-repls.ts'
import { createQuotas } from '#server/repls/quotas.ts'
import { createReplStore } from '#server/repls/store.ts'
import { createWorkspaces } from '#server/workspaces/create-workspaces.ts'
import { createWorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'
import { createTemplates } from '#server/workspaces/load-templates.ts'
import { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'
import { createSidecarClient } from '#server/workspaces/sidecar-client.ts'
import { testbedUp } from '../../scripts/testbed.ts'
import { ROOT } from '../../scripts/root.ts'
import { describeSamples } from '../statistics.ts'
import { outOfStep, startBarePod } from './bare-pod.ts'
import { pretend, settle } from './pretended.ts'

const FEW = 10
const MANY = 2000
const OF_ONE_OWNER = 10
const SWEEPS = 7
const LISTS = 30
const STARTS = 12
const LOOK_MS = 50
const REMOVE_ATTEMPTS = 3

const MEASURED = ['sweep', 'list', 'bare', 'start'] as const
type Measured = (typeof MEASURED)[number]
const NAMES: Record<Measured, string> = {
  sweep: 'sweep',
  list: 'list of one person',
  bare: 'floor: a bare pod, create → Ready',
  start: 'create → first command, cold',
}

/**
 * How much slower a sweep, a list and a start are with 2,000 REPLs on record, all running, than with 10. Beside each start
 * a bare pod is made: the cluster itself, and those that pretend 20 nodes, share this machine's cores with us.
 */
export async function benchScale(): Promise<void> {
  await using opened = new AsyncDisposableStack()
  testbedUp('scale')
  opened.defer(removeFakeNodes)
  const product = opened.use(await ClusterProduct.start())
  const reader = opened.use(await openReader(product))
  opened.defer(() => removePods(product))
  const owners = Array.from({ length: MANY / OF_ONE_OWNER }, () => ({ id: newId(), name: 'Ada' }))
  const [first, ...rest] = owners
  if (first === undefined) return
  await pretend(reader, [first], FEW)
  await settle(reader)
  const few = await measure(product, reader.domain, first.id)
  const started = performance.now()
  await pretend(reader, rest, OF_ONE_OWNER)
  console.log(describeSamples('sweep, while most of them have yet to come up', [await timeSweep(reader.domain)]))
  await settle(reader)
  console.log(`${MANY} REPLs on record after ${((performance.now() - started) / 1000).toFixed(0)} s`)
  const many = await measure(product, reader.domain, first.id)
  for (const name of MEASURED) {
    console.log(describeSamples(`${NAMES[name]}, ${FEW} REPLs`, few[name]))
    console.log(describeSamples(`${NAMES[name]}, ${MANY} REPLs`, many[name], few[name]))
  }
  for (const [count, { start, bare }] of [[FEW, few] as const, [MANY, many] as const])
    console.log(describeSamples(`a start beside the floor, ${count} REPLs`, start, bare))
}

async function measure(product: ClusterProduct, domain: Domain, ownerId: string) {
  const who = { kind: 'user' as const, id: ownerId, name: 'Ada', hasAvatar: false, isAdmin: false }
  const samples: Record<Measured, number[]> = { sweep: [], list: [], bare: [], start: [] }
  while (samples.sweep.length < SWEEPS) samples.sweep.push(await timeSweep(domain))
  for (let run = 0; run < LISTS; run++) {
    const started = performance.now()
    if ((await domain.repls.list(who)).length !== OF_ONE_OWNER) throw new Error('The list is not whole.')
    samples.list.push(performance.now() - started)
  }
  for (let run = 0; run < STARTS; run++) {
    await outOfStep()
    samples.bare.push((await startBarePod(product.namespace)).readyMs)
    await outOfStep()
    const started = performance.now()
    const replId = await product.create()
    {
      using editor = await product.open(replId)
      await editor.run('true')
    }
    samples.start.push(performance.now() - started)
    await product.control.ask('delete', replId)
    await product.until(replId, 'deleted')
  }
  return samples
}

async function timeSweep(domain: Domain): Promise<number> {
  for (;;) {
    const started = performance.now()
    // The product's own sweeper may be at it: then this one did not look.
    if (await domain.sweeper.sweep()) return performance.now() - started
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}

/** The domain of another control plane on the product's stores, in this process. */
async function openReader(product: ClusterProduct) {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'devex-scale-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const env = readEnv({ ...product.env, DEVEX_DATA: folder })
  if (env.orchestrator.provider !== 'kubernetes') throw new Error('The product runs on Kubernetes.')
  const { provider: _, kubeconfig, ...settings } = env.orchestrator
  const box = createSecretBox(env.DEVEX_SECRET ?? '')
  const log = createLog({ level: 'error', format: 'text' })
  const stateStore = opened.use(await openStateStore(env, folder))
  const objectStore = opened.use(await openObjectStore(env, { folder, box }))
  const tokens = createTokens(await loadSigningKey(stateStore, box))
  const client = opened.use(openKubeClient(kubeconfig))
  const orchestrator = opened.use(
    new KubernetesOrchestrator({
      client: openKubeClient(kubeconfig),
      settings,
      authority: createCertificateAuthority({ stateStore, box }),
      tokens,
      serveCalls: (connection) => connection.destroy(),
      log,
    }),
  )
  const domain = opened.use(
    createDomain({
      stateStore,
      orchestrator,
      workspaces: createWorkspaces({ objectStore }),
      history: createWorkspaceHistory({ objectStore, retention: env.retention }),
      sidecar: createSidecarClient({ orchestrator, tokens }),
      runners: new ConnectionsAhead((sandboxId) => orchestrator.dial(sandboxId, 'runner')),
      templates: await createTemplates({ folder: join(ROOT, 'templates'), probe: (command) => orchestrator.probe(command) }), // prettier-ignore
      tokens,
      box,
      keepKeys: async () => {},
      standing: createStanding({ users: createUsers(stateStore), github: undefined, members: undefined }),
      limits: env,
      metrics: createMetrics(),
      log,
    }),
  )
  const store = createReplStore(stateStore, createQuotas(stateStore, { replsPerUser: MANY, runningReplsPerUser: MANY }))
  const owned = opened.move()
  return { client, settings, store, domain, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/**
 * At once: pods of fake nodes have no kubelet that would end them, and one at a time they would take minutes. On two cores
 * that is longer than the API server lets a request take: it is asked again for those that are left.
 */
async function removePods(product: ClusterProduct): Promise<void> {
  const path = `/api/v1/namespaces/${product.namespace}/pods?gracePeriodSeconds=0`
  for (let left = REMOVE_ATTEMPTS; left > 0; left--) {
    try {
      await product.kubectl('delete', '--raw', path)
      return
    } catch (error) {
      if (left === 1) throw error
    }
  }
}

function removeFakeNodes(): void {
  execFileSync('kubectl', ['delete', 'nodes', '--selector', 'type=kwok'], { stdio: 'ignore' })
  const [pid] = readFileSync('/var/lib/testbed/pids/kwok', 'utf8').split(' ')
  process.kill(Number(pid))
}
