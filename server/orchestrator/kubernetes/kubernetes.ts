/**
 * The orchestrator of a cluster: a sandbox is a Deployment of one pod, with a Service that is its record, a Secret and a
 * NetworkPolicy. Nothing is kept here that is not in the cluster: any control plane goes on where another one stopped.
 */
import type { Duplex } from 'node:stream'
import { sandboxIdSchema } from '#protocol/ids.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import type { CertificateAuthority } from '#server/certificates/certificate-authority.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { NOBODY } from '../orchestrator.ts'
import type {
  Isolation,
  Observation,
  Orchestrator,
  Sandbox,
  SandboxLabel,
  SandboxLimits,
  SandboxPart,
} from '../orchestrator.ts'
import { SharedWork } from '../shared-work.ts'
import { isRenewalDue, renewCertificates } from './certificates.ts'
import type { KubeClient } from './client.ts'
import { createSandbox } from './create-sandbox.ts'
import { MAX_LOSSES_KNOWN } from './limits.ts'
import { PORTS, imageName } from './names.ts'
import { News } from './news.ts'
import { createReach } from './reach/create-reach.ts'
import { ControlTunnels } from './reach/control-tunnels.ts'
import type { Reach } from './reach/reach.ts'
import { markUp, writeLabel } from './record.ts'
import { removeSandbox } from './remove-sandbox.ts'
import { restartRunner, restartSidecar } from './restart.ts'
import { Roster } from './roster.ts'
import type { ClusterSettings } from './settings.ts'
import { addressOf, isLost, lossOf, podOf, sandboxOf, saverOf } from './view.ts'
import type { Seen } from './view.ts'

export interface KubernetesOptions {
  client: KubeClient
  settings: ClusterSettings
  authority: CertificateAuthority
  tokens: Pick<Tokens, 'publicKey' | 'boot' | 'sidecar'>
  /** Answers a sidecar's calls that come over a connection which we opened. */
  serveCalls: (connection: Duplex) => void
  log: Log
}

/** What the adapter's parts work with. */
export interface Cluster extends KubernetesOptions {
  roster: Roster
  /** A connection to a part, whatever the record says of it. */
  connect(seen: Seen, part: SandboxPart, port?: number): Promise<Duplex>
}

export class KubernetesOrchestrator implements Orchestrator {
  readonly #cluster: Cluster
  readonly #roster: Roster
  readonly #news: News
  readonly #creating = new SharedWork()
  readonly #removing = new SharedWork()
  readonly #restarting = new SharedWork()
  /** Why those that were lost were. */
  readonly #losses = new Map<string, string>()
  readonly #closed = new AbortController()
  readonly #tunnels: ControlTunnels | undefined

  constructor(options: KubernetesOptions) {
    this.#roster = new Roster({ ...options, namespace: options.settings.namespace })
    const reach = createReach(options)
    this.#cluster = {
      ...options,
      roster: this.#roster,
      connect: (seen, part, port) => connect(reach, seen, { part, port }),
    }
    if (options.settings.internalUrl === undefined) {
      this.#tunnels = new ControlTunnels({
        ...options,
        dial: (id) => this.dial(id, 'sidecar'),
        serve: options.serveCalls,
      })
    }
    this.#news = new News({
      roster: this.#roster,
      view: (seen) => this.#view(seen),
      onUp: (sandboxId) => this.#tunnels?.keep(sandboxId),
      onGone: (sandboxId, left) => {
        this.#tunnels?.drop(sandboxId)
        if (left !== undefined) this.#tidyUp(left)
      },
      log: options.log,
    })
  }

  isolation(): Isolation {
    const { runtimeClass } = this.#cluster.settings
    return {
      level: runtimeClass === undefined ? 'pod' : 'sandboxed-pod',
      summary:
        runtimeClass === undefined
          ? 'Each REPL runs in a pod of its own: separate files, processes and network, no privileges; the kernel of the node is shared.'
          : `Each REPL runs in a pod of its own under the runtime class ${runtimeClass}, which keeps it from the kernel of the node.`,
      network: 'separate',
      // How many processes a pod may have is the kubelet's setting (podPidsLimit); `npm run doctor` looks.
      enforced: { memory: true, cpu: true, processes: false },
    }
  }

  /** A template's image brings its toolchain. */
  probe(_command: string): Promise<boolean> {
    return Promise.resolve(true)
  }

  async create(
    sandboxId: string,
    options: { template: string; limits: SandboxLimits; signal?: AbortSignal },
  ): Promise<void> {
    if (!sandboxIdSchema.safeParse(sandboxId).success) {
      throw new AppError('bad_request', `${JSON.stringify(sandboxId)} is not a sandbox id.`)
    }
    const work = async (given: AbortSignal) => {
      const signal = AbortSignal.any([given, this.#closed.signal])
      try {
        await createSandbox(this.#cluster, { sandboxId, ...options, signal })
      } catch (error) {
        if (!isHandedOver(signal) && (await this.#isUnclaimed(sandboxId))) await this.#remove(sandboxId)
        throw error
      }
    }
    await this.#creating.run(sandboxId, work, options.signal)
  }

  async *observe(signal: AbortSignal): AsyncIterable<Observation> {
    yield* this.#news.observe(AbortSignal.any([signal, this.#closed.signal]))
  }

  async list(): Promise<Sandbox[]> {
    const all = await this.#roster.all()
    for (const seen of all) {
      this.#tidyUp(seen)
      this.#renew(seen)
    }
    return all.flatMap((seen) => this.#view(seen) ?? [])
  }

  async get(sandboxId: string): Promise<Sandbox | undefined> {
    const seen = await this.#roster.ask(sandboxId)
    if (seen === undefined) return undefined
    if (isLost(seen)) this.#noteLoss(seen)
    return this.#view(seen)
  }

  lossOf(sandboxId: string): string | undefined {
    return this.#losses.get(sandboxId)
  }

  async label(sandboxId: string, label: SandboxLabel): Promise<void> {
    await this.#find(sandboxId)
    await writeLabel(this.#cluster, sandboxId, label)
  }

  portOf(_sandboxId: string): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  async dial(sandboxId: string, part: SandboxPart): Promise<Duplex> {
    const seen = await this.#find(sandboxId)
    const sandbox = sandboxOf(seen)
    if (sandbox?.deadParts?.includes(part) === true) {
      throw new AppError('unavailable', `The sandbox ${sandboxId} cannot be reached. ${sandbox.reason ?? ''}`)
    }
    return await this.#cluster.connect(seen, part)
  }

  async revive(sandboxId: string): Promise<void> {
    await this.#find(sandboxId)
    await this.#restarting.run(`runner ${sandboxId}`, (signal) => restartRunner(this.#cluster, { sandboxId, signal }))
  }

  async rescueSave(sandboxId: string): Promise<void> {
    await this.#find(sandboxId)
    await this.#restarting.run(`sidecar ${sandboxId}`, (signal) => restartSidecar(this.#cluster, { sandboxId, signal }))
  }

  async remove(sandboxId: string): Promise<void> {
    if (!sandboxIdSchema.safeParse(sandboxId).success) return
    const reason = new AppError('gone', `The sandbox ${sandboxId} was removed.`)
    await this.#creating.abort(sandboxId, reason)
    for (const part of ['runner', 'sidecar']) await this.#restarting.abort(`${part} ${sandboxId}`, reason)
    await this.#remove(sandboxId)
  }

  /** A sidecar is up and said where; the first one of a sandbox counts. `not_found`: nobody waits for it. */
  async hello(sandboxId: string, address: string): Promise<void> {
    await markUp(this.#cluster, sandboxId, { address })
  }

  /** Sandboxes stay: only the looking ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new AppError('unavailable', 'The server is stopping.'))
    await this.#news[Symbol.asyncDispose]()
    await this.#tunnels?.[Symbol.asyncDispose]()
    await Promise.all([this.#creating.settle(), this.#removing.settle(), this.#restarting.settle()])
    await this.#roster[Symbol.asyncDispose]()
    this.#cluster.client[Symbol.dispose]()
  }

  /** It may be up for another control plane, which has given it to a repl: that is told by its label. */
  async #isUnclaimed(sandboxId: string): Promise<boolean> {
    return await writeLabel(this.#cluster, sandboxId, NOBODY).then(
      () => true,
      (error: unknown) => !(error instanceof AppError && error.code === 'conflict'),
    )
  }

  async #remove(sandboxId: string): Promise<void> {
    await this.#removing.run(sandboxId, () => removeSandbox(this.#cluster, sandboxId))
  }

  /** As last heard, or else asked: another control plane may have made it a moment ago. */
  async #find(sandboxId: string): Promise<Seen> {
    const isId = sandboxIdSchema.safeParse(sandboxId).success
    const seen = isId ? await this.#roster.find(sandboxId) : undefined
    if (seen === undefined || sandboxOf(seen) === undefined) {
      throw new AppError('not_found', `There is no sandbox ${sandboxId}.`)
    }
    return seen
  }

  #renew(seen: Seen): void {
    if (this.#closed.signal.aborted || !isRenewalDue(seen, Date.now())) return
    const sandboxId = seen.record.metadata.name
    const { log } = this.#cluster
    // Lists may come quicker than it is done.
    const renew = () => renewCertificates(this.#cluster, seen, this.#closed.signal)
    void this.#restarting
      .run(`certificates ${sandboxId}`, renew)
      .catch((error: unknown) =>
        log.error('certificates could not be renewed; it is tried again', error, { sandbox: sandboxId }),
      )
  }

  /** What is left of a sandbox whose pod is gone: a pod in its place would be an empty one. */
  #tidyUp(seen: Seen): void {
    if (!isLost(seen) || this.#closed.signal.aborted) return
    const sandboxId = seen.record.metadata.name
    const { log } = this.#cluster
    const why = this.#noteLoss(seen)
    // It is heard of several times while it goes.
    const remove = () => {
      log.warn('a sandbox was lost', { sandbox: sandboxId, why })
      return removeSandbox(this.#cluster, sandboxId, seen)
    }
    void this.#removing
      .run(sandboxId, remove)
      .catch((error: unknown) =>
        log.error('the rest of a lost sandbox could not be removed', error, { sandbox: sandboxId }),
      )
  }

  /** What is seen first is the cause: a pod that was evicted is deleted in the end. */
  #noteLoss(seen: Seen): string {
    const sandboxId = seen.record.metadata.name
    const why = this.#losses.get(sandboxId) ?? lossOf(seen)
    this.#losses.set(sandboxId, why)
    for (const oldest of this.#losses.keys()) if (this.#losses.size > MAX_LOSSES_KNOWN) this.#losses.delete(oldest)
    return why
  }

  #view(seen: Seen): Sandbox | undefined {
    return sandboxOf(seen, (template) => imageName({ template }, this.#cluster.settings.image))
  }
}

/** This control plane ends, or another one has taken over: that one may be at it by now, and what was made is its. */
function isHandedOver({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof AppError && reason.code === 'unavailable'
}

async function connect(
  reach: Reach,
  seen: Seen,
  { part, port }: { part: SandboxPart; port: number | undefined },
): Promise<Duplex> {
  const pod = podOf(seen)
  const sandboxId = seen.record.metadata.name
  if (pod === undefined) throw new AppError('unavailable', `The sandbox ${sandboxId} has no pod yet.`)
  const usual = part === 'sidecar' && saverOf(seen) !== undefined ? PORTS.saver : PORTS[part]
  return await reach.connect({
    sandboxId,
    part,
    port: port ?? usual,
    pod: pod.metadata.name,
    address: addressOf(seen) ?? pod.status.podIP,
  })
}
