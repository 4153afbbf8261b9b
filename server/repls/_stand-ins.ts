import { PassThrough } from 'node:stream'
import type { Duplex } from 'node:stream'
import type { AdoptProgress, AdoptRequest, RestoreRequest, SaveProgress } from '#protocol/adoption.ts'
import { AppError } from '#server/errors.ts'
import type { Isolation, Observation, Orchestrator, Sandbox, SandboxPart } from '#server/orchestrator/orchestrator.ts'
import { createBell } from '#server/repls/bell.ts'
import type { Bell } from '#server/repls/bell.ts'
import type { HistoryRow } from '#server/workspaces/head.ts'
import type { Template } from '#server/workspaces/template.ts'
import { templateManifestSchema } from '#server/workspaces/template.ts'
import type { WorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { SidecarClient, WorkspaceHead, Workspaces } from '#server/workspaces/workspaces.ts'

/** Every call that a test can make fail or hold. */
export type Call =
  | 'create'
  | 'list'
  | 'label'
  | 'portOf'
  | 'revive'
  | 'rescueSave'
  | 'remove'
  | 'adopt'
  | 'stop'
  | 'seed'
  | 'head'
  | 'claim'
  | 'purge'

interface Machine {
  sandbox: Sandbox
  /** What a person would lose if this went away. */
  work: string
  adopted?: { repl: string; generation: number }
  isRunnerUp: boolean
  isSidecarUp: boolean
  isOpen: boolean
  /** The sidecar's marker: what lies here is live. */
  isRestored: boolean
}

const ISOLATION: Isolation = {
  level: 'bubblewrap',
  summary: 'separate files',
  network: 'separate',
  enforced: { memory: false, cpu: false, processes: false },
}

/** A world of sandboxes and saved workspaces at the domain's ports, whose every call can be failed, held and counted. */
export class World {
  readonly machines = new Map<string, Machine>()
  /** Saved work by repl. */
  readonly saved = new Map<string, string>()
  readonly calls: { call: Call; id: string }[] = []
  readonly #faults = new Map<Call, () => unknown>()
  readonly #gates = new Map<Call, Promise<void>>()
  readonly #observers = new Set<{ bell: Bell; queue: Observation[] }>()
  readonly adoptions: AdoptRequest[] = []
  readonly restores: RestoreRequest[] = []
  /** What running sandboxes were told. */
  readonly toldVariables: Record<string, string>[] = []
  /** Generations of newest snapshots, where they matter. */
  readonly headGenerations = new Map<string, number>()
  /** Sandboxes whose runner was connected to ahead of whoever comes. */
  readonly connectedAhead: string[] = []
  /** How often keys were looked after. */
  keysKept = 0
  /** What an adoption reports on its way. */
  adoptProgress: AdoptProgress[] = [{ phase: 'restoring', doneFiles: 1, totalFiles: 2 }, { phase: 'opening' }]
  cloneNames: string[] | undefined
  isolation = ISOLATION

  /** Makes a call fail until `mend`. */
  break(call: Call, error: unknown = new AppError('unavailable', `${call} is broken`)): void {
    this.#faults.set(call, () => error)
  }

  mend(call: Call): void {
    this.#faults.delete(call)
  }

  /** Makes a call wait until the returned function is called. */
  hold(call: Call): () => void {
    const gate = Promise.withResolvers<void>()
    this.#gates.set(call, gate.promise)
    return () => {
      this.#gates.delete(call)
      gate.resolve()
    }
  }

  count(call: Call): number {
    return this.calls.filter((made) => made.call === call).length
  }

  /** Sandboxes that belong to a repl. */
  labelled(): Sandbox[] {
    return [...this.machines.values()].map(({ sandbox }) => sandbox).filter(({ label }) => label !== undefined)
  }

  machineOf(replId: string): Machine {
    const machine = [...this.machines.values()].find(({ sandbox }) => sandbox.label?.replId === replId)
    if (machine === undefined) throw new Error(`${replId} has no sandbox`)
    return machine
  }

  /** A part dies, as if killed. */
  kill(sandboxId: string, part: SandboxPart): void {
    const machine = this.#machine(sandboxId)
    if (part === 'runner') machine.isRunnerUp = false
    else machine.isSidecarUp = false
    this.#setState(machine, 'dead')
  }

  /** A sandbox vanishes with all that is in it. */
  lose(sandboxId: string): void {
    this.machines.delete(sandboxId)
    this.#tell({ kind: 'removed', sandboxId })
  }

  readonly orchestrator: Orchestrator = {
    isolation: () => this.isolation,
    probe: async () => true,
    create: async (sandboxId, { template, signal }) => {
      await this.#enter('create', sandboxId, signal)
      if (this.machines.has(sandboxId)) return
      const sandbox: Sandbox = { id: sandboxId, template, state: 'up', createdAt: Date.now() }
      this.machines.set(sandboxId, {
        sandbox,
        work: '',
        isRunnerUp: true,
        isSidecarUp: true,
        isOpen: false,
        isRestored: false,
      })
      this.#tell({ kind: 'sandbox', sandbox: { ...sandbox } })
    },
    observe: (signal) => this.#observe(signal),
    list: async () => {
      await this.#enter('list', '')
      return [...this.machines.values()].map(({ sandbox }) => ({ ...sandbox }))
    },
    get: async (sandboxId) => {
      await this.#enter('list', '')
      const machine = this.machines.get(sandboxId)
      return machine === undefined ? undefined : { ...machine.sandbox }
    },
    label: async (sandboxId, label) => {
      await this.#enter('label', sandboxId)
      const { sandbox } = this.#machine(sandboxId)
      const { label: before } = sandbox
      if (before !== undefined && (before.replId !== label.replId || before.generation !== label.generation)) {
        throw new AppError('conflict', 'labelled otherwise')
      }
      sandbox.label = label
      this.#tell({ kind: 'sandbox', sandbox: { ...sandbox } })
    },
    portOf: async (sandboxId) => {
      await this.#enter('portOf', sandboxId)
      return undefined
    },
    dial: async (sandboxId, part): Promise<Duplex> => {
      const machine = this.machines.get(sandboxId)
      const isUp = part === 'runner' ? machine?.isRunnerUp : machine?.isSidecarUp
      if (isUp !== true) throw new AppError('unavailable', `no ${part}`)
      return new PassThrough()
    },
    revive: async (sandboxId) => {
      await this.#enter('revive', sandboxId)
      const machine = this.#machine(sandboxId)
      machine.isRunnerUp = true
      machine.isOpen = false
      if (machine.isSidecarUp) this.#setState(machine, 'up')
    },
    rescueSave: async (sandboxId) => {
      await this.#enter('rescueSave', sandboxId)
      const machine = this.#machine(sandboxId)
      machine.isSidecarUp = true
      delete machine.adopted
      if (machine.isRunnerUp) this.#setState(machine, 'up')
    },
    remove: async (sandboxId) => {
      await this.#enter('remove', sandboxId)
      if (this.machines.delete(sandboxId)) this.#tell({ kind: 'removed', sandboxId })
    },
    [Symbol.asyncDispose]: async () => undefined,
  }

  readonly sidecar: SidecarClient = {
    reach: async (sandboxId) => void this.#reach(sandboxId),
    adopt: async (request, onProgress, signal) => {
      for (const line of this.adoptProgress) onProgress(line)
      await this.#enter('adopt', request.sandbox, signal)
      const machine = this.#reach(request.sandbox)
      this.adoptions.push(request)
      const { repl, generation } = request
      if (machine.adopted !== undefined && machine.adopted.repl !== repl) throw new AppError('conflict', 'another repl')
      machine.adopted = { repl, generation }
      if (request.restore && !machine.isRestored) machine.work = this.saved.get(repl) ?? ''
      if (request.clone !== undefined) machine.work = `clone of ${request.clone.url}`
      machine.isOpen = true
      machine.isRestored = true
      onProgress({ phase: 'done', ...(this.cloneNames !== undefined && { names: this.cloneNames }) })
    },
    save: async () => undefined,
    restore: async (request) => void this.restores.push(request),
    setVariables: async (sandboxId, variables) => {
      this.#reach(sandboxId)
      this.toldVariables.push(variables)
    },
    stop: async (sandboxId, onProgress: (progress: SaveProgress) => void, signal) => {
      onProgress({ phase: 'scanning', files: 3 })
      await this.#enter('stop', sandboxId, signal)
      const machine = this.#reach(sandboxId)
      if (machine.adopted === undefined) throw new AppError('conflict', 'not adopted')
      machine.isOpen = false
      this.saved.set(machine.adopted.repl, machine.work)
      onProgress({ phase: 'done', snapshot: 'x', files: 3, bytes: 30, skipped: [] })
    },
  }

  readonly workspaces: Workspaces = {
    seed: async ({ replId }, template) => {
      this.saved.set(replId, 'half')
      await this.#enter('seed', replId)
      this.saved.set(replId, `template ${template.key}`)
    },
    head: async (replId): Promise<WorkspaceHead | undefined> => {
      await this.#enter('head', replId)
      const manifest = this.saved.get(replId)
      const generation = this.headGenerations.get(replId) ?? 1
      return manifest === undefined ? undefined : { manifest, generation, savedAt: 1, files: 1, bytes: 1 }
    },
    claim: async (replId, generation) => {
      await this.#enter('claim', replId)
      return { manifest: null, etag: `${generation}` }
    },
    atHand: async () => undefined,
    collect: async () => 0,
    purge: async ({ replId }) => {
      await this.#enter('purge', replId)
      this.saved.delete(replId)
    },
  }

  async #enter(call: Call, id: string, signal?: AbortSignal): Promise<void> {
    this.calls.push({ call, id })
    const gate = this.#gates.get(call)
    if (gate !== undefined) await Promise.race([gate, aborted(signal)])
    const fault = this.#faults.get(call)
    if (fault !== undefined) throw fault()
  }

  #machine(sandboxId: string): Machine {
    const machine = this.machines.get(sandboxId)
    if (machine === undefined) throw new AppError('not_found', 'no such sandbox')
    return machine
  }

  #reach(sandboxId: string): Machine {
    const machine = this.machines.get(sandboxId)
    if (machine?.isSidecarUp !== true) throw new AppError('unavailable', 'the sidecar does not answer')
    return machine
  }

  #setState(machine: Machine, state: Sandbox['state']): void {
    machine.sandbox.state = state
    this.#tell({ kind: 'sandbox', sandbox: { ...machine.sandbox } })
  }

  #tell(observation: Observation): void {
    for (const { bell, queue } of this.#observers) {
      queue.push(observation)
      bell.ring()
    }
  }

  async *#observe(signal: AbortSignal): AsyncIterable<Observation> {
    const now = [...this.machines.values()].map(({ sandbox }): Observation => ({ kind: 'sandbox', sandbox }))
    const observer = { bell: createBell(), queue: now }
    this.#observers.add(observer)
    try {
      while (!signal.aborted) {
        yield* observer.queue.splice(0)
        if (observer.queue.length === 0) await observer.bell.wait(60_000, signal)
      }
    } finally {
      this.#observers.delete(observer)
    }
  }
}

function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    const onAbort = () => reject(signal?.reason)
    if (signal?.aborted === true) onAbort()
    else signal?.addEventListener('abort', onAbort)
  })
}

const refuseHistory = () => Promise.reject(new AppError('not_supported', 'This world keeps no history.'))

const ONLY_SNAPSHOT: HistoryRow = {
  id: 'x',
  manifest: '0'.repeat(64),
  savedAt: 0,
  files: 0,
  bytes: 0,
  reason: 'seed',
}

/** Where the past is not what a test is about: one snapshot, with which nothing can be done. */
export const noHistory: WorkspaceHistory = {
  rows: async () => [ONLY_SNAPSHOT],
  row: refuseHistory,
  mark: refuseHistory,
  rename: refuseHistory,
  forget: refuseHistory,
  recall: refuseHistory,
  remove: refuseHistory,
  diff: refuseHistory,
  tree: refuseHistory,
  file: refuseHistory,
  moveTo: refuseHistory,
  generation: async () => undefined,
  fork: refuseHistory,
  importZip: refuseHistory,
  archive: refuseHistory,
}

const titles: Record<string, string> = { node: 'Node.js', python: 'Python', empty: 'Empty' }

/** Three templates, as the real ones are shaped. */
export function standInTemplates(): Templates {
  const get = (key: string): Template => {
    const title = titles[key]
    if (title === undefined)
      throw new AppError('bad_request', `There is no template ${key}; there are node, python, empty.`)
    return {
      key,
      filesDir: '/nowhere',
      manifest: templateManifestSchema.parse({
        title,
        description: title,
        icon: 'empty',
        order: 1,
        run: { command: `run ${key}` },
        ready: 'exit',
      }),
    }
  }
  return {
    list: async () => [],
    get,
    ofRepl: (key) => {
      if (titles[key] !== undefined) return get(key)
      const empty = get('empty')
      return { ...empty, manifest: { ...empty.manifest, run: { command: '' } } }
    },
    runGuesses: () => [{ file: 'package.json', command: 'npm start', port: 3000 }],
    guess: (names) =>
      names.includes('package.json')
        ? { template: 'node', run: { command: 'npm start', port: 3000 } }
        : { template: 'empty', run: { command: '' } },
  }
}
