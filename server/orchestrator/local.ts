/**
 * The orchestrator of one machine: sandboxes are detached processes, in bubblewrap where that works. Everything that must
 * be known about them is on disk or in `/proc`, so a control plane that was killed finds them again.
 */
import { mkdir, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { sandboxIdSchema } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { readHostEnv } from '#server/env.ts'
import type { Log } from '#server/log.ts'
import type {
  Isolation,
  Observation,
  Orchestrator,
  Sandbox,
  SandboxLabel,
  SandboxLimits,
  SandboxPart,
} from './orchestrator.ts'
import { shareControlSocket, unshareControlSocket } from './local/control-socket.ts'
import { deleteTree, exists } from './local/delete-tree.ts'
import type { HostEnv } from './local/environment.ts'
import { currentUid, foldersOf, makeSocketsDir, sandboxesDir } from './local/folders.ts'
import { POLL_INTERVAL_MS } from './local/limits.ts'
import { openMachine } from './local/machine.ts'
import type { Machine } from './local/machine.ts'
import { removeRouter } from './local/network/router.ts'
import { Observers } from './observers.ts'
import { socketOf } from './local/part-launch.ts'
import { PARTS } from './local/part-processes.ts'
import { choosePort } from './local/ports.ts'
import { newRecord, readRecord, writeRecord } from './local/record.ts'
import { LocalSandbox } from './local/sandbox.ts'
import type { SandboxOptions } from './local/sandbox.ts'
import { SharedWork } from './shared-work.ts'
import { dialSocket } from './local/sockets.ts'

export interface LocalOrchestratorOptions {
  /** Absolute. */
  dataDir: string
  /** Absolute path of `.build/sandbox`. */
  sandboxBundle: string
  nodeBinary: string
  /** The control plane's internal listener, which listens already. */
  controlSocket: string
  /** PEM of the key that signs attach tokens. */
  publicKey: string
  isolation: 'auto' | 'none'
  log: Log
  /** PATH, proxies and certificates of this machine. Default: those of this process. */
  hostEnv?: HostEnv
}

/** Opens the sandboxes of a data folder: finds out what the machine can do, and takes over what already runs. */
export async function openLocalOrchestrator(options: LocalOrchestratorOptions): Promise<Orchestrator> {
  await mkdir(sandboxesDir(options.dataDir), { recursive: true, mode: 0o700 })
  await makeSocketsDir()
  const hostEnv = options.hostEnv ?? readHostEnv()
  const machine = await openMachine({ ...options, hostEnv })
  const orchestrator = new LocalOrchestrator({ ...options, hostEnv }, machine)
  try {
    await orchestrator.takeOver()
    await shareControlSocket(options.controlSocket)
    return orchestrator
  } catch (error) {
    await orchestrator[Symbol.asyncDispose]()
    throw error
  }
}

const MADE_SUFFIX = '.new'
const REMOVED_SUFFIX = '.removed'

type Options = LocalOrchestratorOptions & { hostEnv: HostEnv }

class LocalOrchestrator implements Orchestrator {
  readonly #options: Options
  readonly #machine: Machine
  readonly #sandboxes = new Map<string, LocalSandbox>()
  readonly #observers = new Observers()
  readonly #creating = new SharedWork()
  readonly #removing = new SharedWork()
  readonly #restarting = new SharedWork()
  readonly #closed = new AbortController()
  /** Ports of sandboxes, those that are only being made included. */
  readonly #ports = new Set<number>()
  #poll: NodeJS.Timeout | undefined

  constructor(options: Options, machine: Machine) {
    this.#options = options
    this.#machine = machine
  }

  /** Finds the sandboxes of an earlier process, and finishes removals and starts that it did not. */
  async takeOver(): Promise<void> {
    const root = sandboxesDir(this.#options.dataDir)
    const names = await readdir(root)
    for (const name of names) {
      if (name.endsWith(MADE_SUFFIX) || name.endsWith(REMOVED_SUFFIX)) await deleteTree(join(root, name))
      else if (sandboxIdSchema.safeParse(name).success) await this.#adopt(name)
    }
    const { level, network } = this.#machine
    this.#options.log.info(this.#machine.isolation.summary, { level, network, sandboxes: this.#sandboxes.size })
    this.#schedule()
  }

  isolation(): Isolation {
    return this.#machine.isolation
  }

  probe(command: string): Promise<boolean> {
    return this.#machine.probe(command)
  }

  async create(
    sandboxId: string,
    options: { template: string; limits: SandboxLimits; signal?: AbortSignal },
  ): Promise<void> {
    if (!sandboxIdSchema.safeParse(sandboxId).success) {
      throw new AppError('bad_request', `${JSON.stringify(sandboxId)} is not a sandbox id.`)
    }
    await this.#creating.run(sandboxId, (signal) => this.#create(sandboxId, options, signal), options.signal)
  }

  async *observe(signal: AbortSignal): AsyncIterable<Observation> {
    const all = () => [...this.#sandboxes.values()].map((sandbox) => seen(sandbox.view()))
    yield* this.#observers.observe(all, AbortSignal.any([signal, this.#closed.signal]))
  }

  list(): Promise<Sandbox[]> {
    return Promise.resolve([...this.#sandboxes.values()].map((sandbox) => sandbox.view()))
  }

  get(sandboxId: string): Promise<Sandbox | undefined> {
    return Promise.resolve(this.#sandboxes.get(sandboxId)?.view())
  }

  async label(sandboxId: string, label: SandboxLabel): Promise<void> {
    await this.#get(sandboxId).label(label)
  }

  portOf(sandboxId: string): Promise<number | undefined> {
    return Promise.resolve(this.#sandboxes.get(sandboxId)?.port)
  }

  async dial(sandboxId: string, part: SandboxPart): Promise<Duplex> {
    this.#get(sandboxId)
    return await dialSocket(socketOf(foldersOf(this.#options.dataDir, sandboxId), part))
  }

  async revive(sandboxId: string): Promise<void> {
    await this.#restart(sandboxId, 'runner')
  }

  async rescueSave(sandboxId: string): Promise<void> {
    await this.#restart(sandboxId, 'sidecar')
  }

  async remove(sandboxId: string): Promise<void> {
    if (!sandboxIdSchema.safeParse(sandboxId).success) return
    await this.#removing.run(sandboxId, async () => {
      const reason = new AppError('gone', `The sandbox ${sandboxId} was removed.`)
      await this.#creating.abort(sandboxId, reason)
      for (const part of PARTS) await this.#restarting.abort(`${part} ${sandboxId}`, reason)
      const sandbox = this.#sandboxes.get(sandboxId)
      if (sandbox !== undefined) await this.#discard(sandboxId, sandbox)
    })
  }

  /** Sandboxes stay: only the looking ends. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#poll)
    this.#closed.abort(new AppError('unavailable', 'The server is stopping.'))
    await Promise.all([this.#creating.settle(), this.#removing.settle(), this.#restarting.settle()])
    if (this.#sandboxes.size === 0) await unshareControlSocket(this.#options.controlSocket)
    if (currentUid() === 0) await removeRouter(this.#options.dataDir)
  }

  async #create(
    sandboxId: string,
    options: { template: string; limits: SandboxLimits },
    given: AbortSignal,
  ): Promise<void> {
    const signal = AbortSignal.any([given, this.#closed.signal])
    const known = this.#sandboxes.get(sandboxId)
    if (known !== undefined && !known.isStillborn) return await known.untilUp(signal)
    // A control plane that was killed had begun it: nothing was ever in it, so it is begun anew.
    if (known !== undefined) await this.#discard(sandboxId, known)
    const sandbox = await this.#make(sandboxId, options)
    try {
      await sandbox.start(signal)
    } catch (error) {
      await this.#discard(sandboxId, sandbox).catch((cause: unknown) =>
        this.#options.log.error('the rest of a failed start could not be removed', cause, { sandbox: sandboxId }),
      )
      throw error
    }
  }

  /** The folder with the record in it appears at once or not at all. */
  async #make(sandboxId: string, options: { template: string; limits: SandboxLimits }): Promise<LocalSandbox> {
    const { level, network } = this.#machine
    const port = network === 'shared' ? await this.#choosePort() : undefined
    const record = newRecord({
      id: sandboxId,
      template: options.template,
      createdAt: Date.now(),
      limits: options.limits,
      level,
      network,
      ...(port !== undefined && { port }),
    })
    const folders = foldersOf(this.#options.dataDir, sandboxId)
    if (await exists(folders.root)) throw new AppError('conflict', `The folder ${folders.root} is already there.`)
    const made = foldersOf(this.#options.dataDir, sandboxId, folders.root + MADE_SUFFIX)
    await deleteTree(made.root)
    await mkdir(made.root, { mode: 0o700 })
    await writeRecord(made.record, record)
    await rename(made.root, folders.root)
    return this.#add(new LocalSandbox(record, this.#sandboxOptions(sandboxId)))
  }
  async #adopt(sandboxId: string): Promise<void> {
    const folders = foldersOf(this.#options.dataDir, sandboxId)
    const record = await readRecord(folders.record)
    if (record === undefined) {
      this.#options.log.warn('a sandbox without a readable record is left alone', { folder: folders.root })
      return
    }
    const sandbox = this.#add(new LocalSandbox(record, this.#sandboxOptions(sandboxId)))
    await sandbox.adopt(this.#closed.signal)
  }

  #add(sandbox: LocalSandbox): LocalSandbox {
    const { id } = sandbox.view()
    if (sandbox.port !== undefined) this.#ports.add(sandbox.port)
    this.#sandboxes.set(id, sandbox)
    this.#observers.publish(seen(sandbox.view()))
    return sandbox
  }

  async #restart(sandboxId: string, part: SandboxPart): Promise<void> {
    const sandbox = this.#get(sandboxId)
    await this.#restarting.run(`${part} ${sandboxId}`, (signal) =>
      sandbox.restart(part, AbortSignal.any([signal, this.#closed.signal])),
    )
  }

  async #discard(sandboxId: string, sandbox: LocalSandbox): Promise<void> {
    await sandbox.end()
    const { root } = foldersOf(this.#options.dataDir, sandboxId)
    await rename(root, root + REMOVED_SUFFIX)
    this.#sandboxes.delete(sandboxId)
    if (sandbox.port !== undefined) this.#ports.delete(sandbox.port)
    this.#observers.publish({ kind: 'removed', sandboxId })
    await deleteTree(root + REMOVED_SUFFIX)
  }

  async #choosePort(): Promise<number> {
    const port = await choosePort(this.#ports)
    if (port === undefined) throw new AppError('unavailable', 'No port is free for another sandbox.')
    return port
  }

  #get(sandboxId: string): LocalSandbox {
    const sandbox = this.#sandboxes.get(sandboxId)
    if (sandbox === undefined) throw new AppError('not_found', `There is no sandbox ${sandboxId}.`)
    return sandbox
  }

  #sandboxOptions(sandboxId: string): SandboxOptions {
    return {
      ...this.#options,
      machine: this.#machine,
      folders: foldersOf(this.#options.dataDir, sandboxId),
      onChange: () => {
        const sandbox = this.#sandboxes.get(sandboxId)
        if (sandbox !== undefined) this.#observers.publish(seen(sandbox.view()))
      },
    }
  }

  /** One look at everything, then a pause: looks never overlap. */
  #schedule(): void {
    this.#poll = setTimeout(() => {
      void this.#inspect().finally(() => {
        if (!this.#closed.signal.aborted) this.#schedule()
      })
    }, POLL_INTERVAL_MS)
    this.#poll.unref()
  }

  async #inspect(): Promise<void> {
    for (const [sandboxId, sandbox] of this.#sandboxes) {
      await sandbox
        .inspect()
        .catch((error: unknown) =>
          this.#options.log.error('a sandbox could not be looked at', error, { sandbox: sandboxId }),
        )
    }
  }
}

function seen(sandbox: Sandbox): Observation {
  return { kind: 'sandbox', sandbox }
}
