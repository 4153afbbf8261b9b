import { mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SaveProgress } from '#protocol/adoption.ts'
import { AppError } from '#server/errors.ts'
import { createLog } from '#server/log.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { ControlPlane, Sandbox } from '#server/workspaces/_constellation.ts'
import { describeTree } from '#server/workspaces/_tree.ts'
import { createLedger } from '#server/workspaces/faults/_ledger.ts'
import type { Ledger } from '#server/workspaces/faults/_ledger.ts'
import type { Random } from '#server/workspaces/faults/_random.ts'
import type { StoreFaults } from '#server/workspaces/faults/_store-faults.ts'
import { openSnapshot } from '#server/workspaces/history/open-snapshot.ts'
import type { SidecarClient } from '#server/workspaces/workspaces.ts'

const FILES = 8
/** How often somebody types while something else goes on. */
const TYPING_MS = 3

export interface LaneOptions {
  random: Random
  /** The store without faults: what really lies there. */
  store: ObjectStore
  /** The same store, as the product gets it. */
  faultyStore: ObjectStore
  faults: StoreFaults
  /** The sidecar's program. */
  program: string
  wrap?: (client: SidecarClient) => SidecarClient
}

/** One repl over a real sidecar and a real store, somebody who types, and the ledger of what they were promised. */
export class Lane implements AsyncDisposable {
  readonly random: Random
  readonly faults: StoreFaults
  readonly ledger: Ledger
  readonly controlPlane: ControlPlane
  sandbox: Sandbox
  readonly #store: ObjectStore
  readonly #program: string

  private constructor({ random, store, faults, program }: LaneOptions, controlPlane: ControlPlane, sandbox: Sandbox) {
    // prettier-ignore
    this.random = random
    this.faults = faults
    this.ledger = createLedger(random.split())
    this.controlPlane = controlPlane
    this.sandbox = sandbox
    this.#store = store
    this.#program = program
  }

  static async start(options: LaneOptions): Promise<Lane> {
    const controlPlane = await ControlPlane.start(async () => options.faultyStore, {
      // Faults are what this is about: the log would be full of them.
      log: createLog({ level: 'error', format: 'text', write: () => undefined }),
      ...(options.wrap !== undefined && { wrap: options.wrap }),
    })
    const sandbox = await Sandbox.start(controlPlane, options.program)
    const lane = new Lane(options, controlPlane, sandbox)
    await controlPlane.adopt(sandbox)
    return lane
  }

  /** Writes some files anew, each at once: what a program does that cares. On disk, it is acknowledged. */
  edit(sandbox = this.sandbox): void {
    for (let count = 1 + this.random.int(4); count > 0; count -= 1) this.#editOne(sandbox)
  }

  /** Goes on typing until `work` ends. */
  async typingDuring<T>(work: Promise<T>): Promise<T> {
    const typing = setInterval(() => this.#editOne(this.sandbox), TYPING_MS)
    try {
      return await work
    } finally {
      clearInterval(typing)
    }
  }

  /** Saves; what was acknowledged before is promised once it is reported done. `false`: it was refused. */
  async save(): Promise<boolean> {
    return this.#promised(() => this.controlPlane.save(this.sandbox))
  }

  async stop(): Promise<boolean> {
    return this.#promised(() => this.controlPlane.stop(this.sandbox))
  }

  /** Removes the sandbox and starts the next generation in a new one. `false`: that start was refused. */
  async moveOn(): Promise<boolean> {
    await this.sandbox[Symbol.asyncDispose]()
    return this.startNext()
  }

  /** Starts the next generation; the sandbox before is left alone. */
  async startNext(): Promise<boolean> {
    this.controlPlane.newestGeneration += 1
    this.sandbox = await Sandbox.start(this.controlPlane, this.#program)
    return accepted(this.controlPlane.adopt(this.sandbox))
  }

  /** An orderly stop and start; the tree must be the same to the last byte, mode and time. */
  async cycle(): Promise<void> {
    const before = describeTree(this.sandbox.workspace)
    must(await this.stop(), 'a stop without faults was refused')
    must(await this.moveOn(), 'a start without faults was refused')
    const after = describeTree(this.sandbox.workspace)
    must(after.join('\n') === before.join('\n'), `a stop and start changed the tree:\n${before.join('\n')}\n=>\n${after.join('\n')}`) // prettier-ignore
  }

  /** The live files and the stored snapshot keep what was promised. */
  async check(): Promise<void> {
    const live = this.ledger.faultsOf(this.onDisk(), 'acknowledged')
    const stored = this.ledger.faultsOf(await this.inStore(), 'backedUp')
    must(live.length + stored.length === 0, [...live, ...stored.map((line) => `in the store: ${line}`)].join('\n'))
  }

  onDisk(): Map<string, string> {
    const { workspace } = this.sandbox
    const names = readdirSync(workspace).filter((name) => !name.endsWith('.part'))
    return new Map(names.map((name) => [name, readFileSync(join(workspace, name), 'utf8')]))
  }

  /** What the head in the store leads to, read without the product's help. */
  async inStore(): Promise<Map<string, string>> {
    const { workspaces, repl } = this.controlPlane
    const head = await workspaces.head(repl.replId)
    const found = new Map<string, string>()
    if (head === undefined) return found
    const snapshot = await openSnapshot(this.#store, repl, head.manifest)
    for (const entry of snapshot.entries) {
      if (entry.type !== 'file' || entry.root !== 'workspace' || entry.path.endsWith('.part')) continue
      found.set(entry.path, Buffer.concat(await Array.fromAsync(snapshot.read(entry))).toString('utf8'))
    }
    return found
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]()
    await this.controlPlane[Symbol.asyncDispose]()
  }

  #editOne({ workspace }: Sandbox): void {
    const file = `file-${this.random.int(FILES)}`
    const { version, content } = this.ledger.attempt(file)
    mkdirSync(workspace, { recursive: true })
    writeFileSync(join(workspace, `${file}.part`), content)
    renameSync(join(workspace, `${file}.part`), join(workspace, file))
    this.ledger.acknowledge(file, version)
  }

  async #promised(save: () => Promise<SaveProgress | undefined>): Promise<boolean> {
    const mark = this.ledger.mark()
    const isDone = await accepted(save())
    if (isDone) this.ledger.backUp(mark)
    return isDone
  }
}

/** Whether the product did it; its refusals are no failures of it. */
export async function accepted(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (error instanceof AppError) return false
    throw error
  }
}

export function must(isSo: boolean, otherwise: string): void {
  if (!isSo) throw new Error(otherwise)
}
