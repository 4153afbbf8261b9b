import type { Log } from '#server/log.ts'
import type { KubeClient } from './client.ts'
import { follow } from './follow.ts'
import type { Change } from './follow.ts'
import { Inquiry } from './inquiry.ts'
import { MANAGED_BY, SANDBOX_LABEL } from './names.ts'
import { listSchema, podSchema, recordSchema } from './objects.ts'
import type { Pod, SandboxRecord } from './objects.ts'
import { isLost } from './view.ts'
import type { Seen } from './view.ts'

/** `labelSelector` of all that is ours. */
export const OURS = Object.entries(MANAGED_BY)
  .map(([name, value]) => `${name}=${value}`)
  .join(',')

/**
 * Sandboxes of a namespace, as last heard from the cluster. What we did ourselves is known at once; a removed one stays
 * removed, whatever late news says.
 */
export class Roster implements AsyncDisposable {
  readonly #client: KubeClient
  readonly #namespace: string
  readonly #records = new Map<string, SandboxRecord>()
  readonly #pods = new Map<string, Map<string, Pod>>()
  readonly #removed = new Set<string>()
  readonly #closing = new AbortController()
  readonly #listeners = new Set<(sandboxId: string) => void>()
  readonly #inquiry = new Inquiry<Seen>(async (ids) => {
    const found = await this.#askFor(`${SANDBOX_LABEL} in (${ids.join(',')})`)
    return new Map(found.map((seen) => [seen.record.metadata.name, seen]))
  })
  readonly #running: Promise<unknown>
  /** Of which of the two everything has been heard: one without the other tells nothing. */
  readonly #heard = new Set<'records' | 'pods'>()

  constructor({ client, namespace, log }: { client: KubeClient; namespace: string; log: Log }) {
    this.#client = client
    this.#namespace = namespace
    const common = { client, query: { labelSelector: OURS }, log, signal: this.#closing.signal }
    this.#running = Promise.all([
      follow({
        ...common,
        path: `/api/v1/namespaces/${namespace}/services`,
        schema: recordSchema,
        onChange: (change) => this.#onRecords(change),
      }),
      follow({
        ...common,
        path: `/api/v1/namespaces/${namespace}/pods`,
        schema: podSchema,
        onChange: (change) => this.#onPods(change),
      }),
    ])
  }

  /** As last heard. That its pod is missing may only mean that we have not heard of it yet. */
  get(sandboxId: string): Seen | undefined {
    const record = this.#records.get(sandboxId)
    if (record === undefined || this.#removed.has(sandboxId) || this.#heard.size < 2) return undefined
    return { record, pods: [...(this.#pods.get(sandboxId)?.values() ?? [])] }
  }

  ids(): string[] {
    return [...this.#records.keys()].filter((id) => this.get(id) !== undefined)
  }

  /** As last heard where that is good news; as it is now where it seems not to be there. */
  async find(sandboxId: string): Promise<Seen | undefined> {
    const heard = this.get(sandboxId)
    return heard === undefined || isLost(heard) ? await this.ask(sandboxId) : heard
  }

  /** As it is now, asked of the cluster, together with others that are asked for at the time. */
  ask(sandboxId: string, signal?: AbortSignal): Promise<Seen | undefined> {
    return this.#inquiry.ask(sandboxId, signal)
  }

  /**
   * All of them as last heard; as they are now where not everything has been heard, and those that seem to be lost. A list
   * of thousands of pods takes the cluster and us seconds.
   */
  async all(): Promise<Seen[]> {
    if (this.#heard.size < 2) return await this.#askFor(OURS)
    const heard = [...this.#records.keys()].flatMap((id) => this.get(id) ?? [])
    const lost = heard.filter(isLost)
    const asked = await Promise.all(lost.map((seen) => this.ask(seen.record.metadata.name)))
    return [...heard.filter((seen) => !isLost(seen)), ...asked.filter((seen) => seen !== undefined)]
  }

  /** What we wrote, as the cluster answered. */
  wrote(record: SandboxRecord): void {
    this.#put(record)
    this.#tell(record.metadata.name)
  }

  removed(sandboxId: string): void {
    // The watch says it once more, which ends the need to remember.
    if (this.#records.has(sandboxId)) this.#removed.add(sandboxId)
    this.#tell(sandboxId)
  }

  /** Calls back whenever something about a sandbox changed. */
  onChange(listener: (sandboxId: string) => void): Disposable {
    this.#listeners.add(listener)
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #askFor(labelSelector: string): Promise<Seen[]> {
    const { signal } = this.#closing
    const list = async (kind: string) => {
      const path = `/api/v1/namespaces/${this.#namespace}/${kind}`
      return listSchema.parse(await this.#client.call({ method: 'GET', path, query: { labelSelector }, signal })).items
    }
    // Records first: the pod that one of them names was there before it was named, and is gone if it is missing now.
    const services = await list('services')
    if (services.length === 0) return []
    const pods = await list('pods')
    const byId = Map.groupBy(
      pods.map((pod) => podSchema.parse(pod)),
      ({ metadata }) => metadata.labels[SANDBOX_LABEL],
    )
    return services
      .map((service) => recordSchema.parse(service))
      .filter(({ metadata }) => !this.#removed.has(metadata.name))
      .map((record) => ({ record, pods: byId.get(record.metadata.name) ?? [] }))
  }

  #onRecords(change: Change<SandboxRecord>): void {
    if (change.kind === 'all') {
      const before = [...this.#records.keys()]
      this.#records.clear()
      for (const record of change.objects) this.#records.set(record.metadata.name, record)
      for (const id of before) if (!this.#records.has(id)) this.#removed.delete(id)
      this.#heard.add('records')
      for (const id of new Set([...before, ...this.#records.keys()])) this.#tell(id)
      return
    }
    const { name } = change.object.metadata
    if (change.kind === 'put') this.#put(change.object)
    else {
      this.#records.delete(name)
      this.#removed.delete(name)
    }
    this.#tell(name)
  }

  /** Late news does not undo what is newer: versions of one object only grow. */
  #put(record: SandboxRecord): void {
    const before = this.#records.get(record.metadata.name)
    if (before !== undefined && BigInt(before.metadata.resourceVersion) > BigInt(record.metadata.resourceVersion))
      return
    this.#records.set(record.metadata.name, record)
  }

  #onPods(change: Change<Pod>): void {
    if (change.kind === 'all') {
      this.#pods.clear()
      for (const pod of change.objects) this.#putPod(pod)
      this.#heard.add('pods')
      for (const id of this.#records.keys()) this.#tell(id)
      return
    }
    const id = change.object.metadata.labels[SANDBOX_LABEL]
    if (id === undefined) return
    if (change.kind === 'put') this.#putPod(change.object)
    else {
      const pods = this.#pods.get(id)
      pods?.delete(change.object.metadata.uid)
      if (pods?.size === 0) this.#pods.delete(id)
    }
    this.#tell(id)
  }

  #putPod(pod: Pod): void {
    const id = pod.metadata.labels[SANDBOX_LABEL]
    if (id === undefined) return
    const pods = this.#pods.get(id) ?? new Map<string, Pod>()
    pods.set(pod.metadata.uid, pod)
    this.#pods.set(id, pods)
  }

  #tell(sandboxId: string): void {
    if (this.#heard.size < 2) return
    for (const listener of this.#listeners) listener(sandboxId)
  }
}
