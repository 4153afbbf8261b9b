import { realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import type { Sandbox, SandboxLabel, SandboxPart } from '../orchestrator.ts'
import { countOutOfMemory } from './cgroups.ts'
import { emptyFolder } from './delete-tree.ts'
import type { HostEnv } from './environment.ts'
import type { Folders } from './folders.ts'
import { prepareGround, removeGround, runnerCgroups, runnerNetwork } from './ground.ts'
import type { Ground } from './ground.ts'
import { launch } from './launch.ts'
import { START_TIMEOUT_MS } from './limits.ts'
import type { Machine } from './machine.ts'
import { boundLog, lastWords } from './part-log.ts'
import { bubblewrapLaunch, logOf, plainLaunch, socketOf } from './part-launch.ts'
import { PARTS, endAll, endPart, isRunning } from './part-processes.ts'
import { identify, readBootId } from './processes.ts'
import { writeRecord } from './record.ts'
import type { PartRecord, SandboxRecord } from './record.ts'
import { waitForHealth } from './sockets.ts'

export interface SandboxOptions {
  folders: Folders
  machine: Machine
  sandboxBundle: string
  nodeBinary: string
  controlSocket: string
  publicKey: string
  hostEnv: HostEnv
  log: Log
  /** Called after everything that changes what `view` says. */
  onChange: () => void
}

/** One sandbox of this machine: its record, its two processes, and what became of them. */
export class LocalSandbox {
  readonly #options: SandboxOptions
  readonly #ground: Ground
  readonly #deaths = new Map<SandboxPart, string>()
  readonly #waits = new Set<{ part: SandboxPart; giveUp: AbortController }>()
  #record: SandboxRecord
  #isUp = false
  #isRemoved = false
  #outOfMemorySeen = 0
  #writing: Promise<void> = Promise.resolve()
  #changing: Promise<void> = Promise.resolve()

  constructor(record: SandboxRecord, options: SandboxOptions) {
    this.#record = record
    this.#options = options
    const { folders, machine } = options
    this.#ground = { sandboxId: record.id, folders, machine, limits: record.limits }
  }

  view(): Sandbox {
    const { id, template, createdAt, label } = this.#record
    const reasons = PARTS.flatMap((part) => this.#deaths.get(part) ?? [])
    return {
      id,
      template,
      createdAt,
      state: reasons.length > 0 ? 'dead' : this.#isUp ? 'up' : 'starting',
      ...(label !== undefined && { label }),
      ...(reasons.length > 0 && {
        reason: reasons.join(' '),
        deadParts: PARTS.filter((part) => this.#deaths.has(part)),
      }),
    }
  }

  /** It died before it was ever up. */
  get isStillborn(): boolean {
    return !this.#record.ready && this.#deaths.size > 0
  }

  get port(): number | undefined {
    return this.#record.port
  }

  /** Starts both parts for the first time and waits until they answer. */
  async start(signal: AbortSignal): Promise<void> {
    await prepareGround(this.#ground)
    signal.throwIfAborted()
    // Both are waited for, also if one fails: whoever cleans up afterwards must find all that was started.
    const started = await this.#exclusively(() => Promise.allSettled(PARTS.map((part) => this.#startPart(part))))
    for (const result of started) if (result.status === 'rejected') throw result.reason
    await this.untilUp(signal)
  }

  /** Takes over what an earlier control plane started. Does not wait for health. */
  async adopt(signal: AbortSignal): Promise<void> {
    const bootId = await readBootId()
    await this.#countOutOfMemory()
    for (const part of PARTS) {
      const known = this.#record.parts[part]
      if (known === undefined) this.#deaths.set(part, 'Its start was interrupted.')
      else if (known.bootId !== bootId) this.#deaths.set(part, `The machine was restarted under the ${part}.`)
      else if (!isRunning(known)) this.#deaths.set(part, `The ${part} ended while the server was not running.`)
    }
    if (this.#deaths.size === 0) void this.untilUp(signal).catch((error: unknown) => this.#neverUp(error, signal))
    else for (const part of this.#deaths.keys()) await this.#exclusively(() => this.#endPart(part))
  }

  /** Waits until both parts answer (they start side by side); fails with the reason if the sandbox is dead. */
  async untilUp(signal: AbortSignal): Promise<void> {
    if (this.#isUp && this.#deaths.size === 0) return
    const one = new AbortController()
    try {
      await Promise.all(PARTS.map((part) => this.#untilHealthy(part, AbortSignal.any([signal, one.signal]))))
    } finally {
      one.abort()
    }
    await this.#markUp()
  }

  async label(label: SandboxLabel): Promise<void> {
    await this.#update((record) => {
      if (record.label !== undefined && !isSameLabel(record.label, label)) {
        throw new AppError('conflict', `The sandbox ${record.id} belongs to another repl or generation.`)
      }
      return { ...record, label }
    })
  }

  /** Starts a part anew on the same volume, unless it runs. */
  async restart(part: SandboxPart, signal: AbortSignal): Promise<void> {
    const isNew = await this.#exclusively(() => this.#replacePart(part))
    try {
      await this.#untilHealthy(part, signal)
    } catch (error) {
      // What was found running may have been about to end: bubblewrap outlives what runs in it by a moment.
      if (isNew || !this.#deaths.has(part)) throw error
      await this.#exclusively(() => this.#replacePart(part))
      await this.#untilHealthy(part, signal)
    }
    if (this.#deaths.size === 0) await this.untilUp(signal)
  }

  /** Looks after processes that cannot tell of their end themselves, and after the size of logs. */
  async inspect(): Promise<void> {
    for (const part of PARTS) {
      const known = this.#record.parts[part]
      if (known !== undefined && !this.#deaths.has(part) && !isRunning(known)) await this.#partEnded(part, known)
      await boundLog(logOf(this.#options.folders, part))
    }
    // What the kernel ended before this moment was not the runner.
    if (!this.#deaths.has('runner')) await this.#countOutOfMemory()
  }

  /** Ends every process of it and takes away what it stood on; the folder is left to the caller. */
  async end(): Promise<void> {
    this.#isRemoved = true
    const left = await this.#exclusively(() => endAll(this.#record, this.#options.machine.cgroups))
    if (left.length > 0) {
      this.#isRemoved = false
      throw new AppError(
        'internal',
        `Processes of sandbox ${this.#record.id} could not be ended: ${left.map((id) => id.pid).join(', ')}.`,
      )
    }
    await this.#writing
    await removeGround(this.#ground)
  }

  /** A sidecar that was taken over and does not answer is as good as dead: it can be started anew. */
  #neverUp(error: unknown, signal: AbortSignal): void {
    if (signal.aborted || this.#deaths.size > 0) return
    this.#deaths.set('sidecar', error instanceof Error ? error.message : String(error))
    this.#options.onChange()
  }

  /** Whether it had to be started; one that runs is left alone. */
  async #replacePart(part: SandboxPart): Promise<boolean> {
    const known = this.#record.parts[part]
    if (known !== undefined && isRunning(known) && !this.#deaths.has(part)) return false
    const reason = this.#deaths.get(part) ?? `The ${part} ended.`
    await this.#endPart(part)
    await prepareGround(this.#ground)
    const { folders } = this.#options
    await emptyFolder(part === 'runner' ? folders.runnerSockets : folders.sidecarSockets)
    // Both before it starts: the old one is forgotten, and the new one's end is noticed however soon it comes.
    await this.#update((record) => ({ ...record, parts: without(record.parts, part) }))
    this.#deaths.delete(part)
    if (part === 'sidecar') this.#isUp = false
    try {
      await this.#startPart(part)
    } catch (error) {
      this.#deaths.set(part, reason)
      throw error
    }
    return true
  }

  async #endPart(part: SandboxPart): Promise<void> {
    await endPart(part, this.#record, this.#options.machine.cgroups)
  }

  /** Starting and ending never overlap: what ends a part ends whatever of the sandbox is not known to be the other one. */
  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work)
    this.#changing = done.then(
      () => {},
      () => {},
    )
    return await done
  }

  #refuseIfRemoved(): void {
    if (this.#isRemoved) throw new AppError('gone', `The sandbox ${this.#record.id} is being removed.`)
  }

  async #startPart(part: SandboxPart): Promise<void> {
    this.#refuseIfRemoved()
    const { folders, machine, log } = this.#options
    const options = {
      ...this.#options,
      // A link to the newest build: what is started now stays with this one.
      sandboxBundle: await realpath(this.#options.sandboxBundle),
      sandboxId: this.#record.id,
      port: this.#record.port,
      nestedUserns: machine.nestedUserns,
      npmFolder: machine.npmFolder,
    }
    const isRunner = part === 'runner'
    const { child, ended, initPid } = await launch({
      ...(machine.level === 'bubblewrap' ? bubblewrapLaunch(part, options) : plainLaunch(part, options)),
      cgroups: isRunner ? runnerCgroups(this.#ground) : [],
      ...(isRunner && runnerNetwork(this.#ground)),
    })
    const main = child.pid === undefined ? undefined : identify(child.pid)
    const inner = await Promise.race([
      initPid,
      ended.then(() => undefined),
      delay(START_TIMEOUT_MS, undefined, { ref: false }),
    ])
    const init = typeof inner === 'number' ? identify(inner) : undefined
    if (main === undefined || (machine.level === 'bubblewrap' && init === undefined)) {
      throw new AppError(
        'unavailable',
        `The ${part} could not be started. ${await lastWords(logOf(folders, part))}`.trim(),
      )
    }
    const record: PartRecord = { main, bootId: await readBootId(), ...(init !== undefined && { init }) }
    await this.#update((before) => ({ ...before, level: machine.level, parts: { ...before.parts, [part]: record } }))
    void ended
      .then(() => this.#partEnded(part, record))
      .catch((error: unknown) => log.error('a part ended badly', error))
  }

  async #partEnded(part: SandboxPart, which: PartRecord): Promise<void> {
    if (this.#isRemoved || this.#deaths.has(part) || this.#record.parts[part] !== which) return
    this.#deaths.set(part, `The ${part} ended.`)
    const reason = await this.#explainEnd(part)
    // Started anew meanwhile: what is there now did not end.
    if (this.#record.parts[part] !== which) return
    this.#deaths.set(part, reason)
    this.#failWaits()
    this.#options.log.warn('a part of a sandbox ended', { sandbox: this.#record.id, part, reason })
    this.#options.onChange()
    await this.#exclusively(async () => {
      if (!this.#isRemoved && this.#record.parts[part] === which) await this.#endPart(part)
    })
  }

  async #explainEnd(part: SandboxPart): Promise<string> {
    const seen = this.#outOfMemorySeen
    await this.#countOutOfMemory()
    if (part === 'runner' && this.#outOfMemorySeen > seen) {
      return `The runner was ended because the memory limit of ${Math.round(this.#record.limits.memoryBytes / 1024 ** 2)} MiB was reached.`
    }
    const lines = (await lastWords(logOf(this.#options.folders, part))).split('\n')
    const words = lines.findLast((line) => /error|cannot|failed/i.test(line)) ?? lines.at(-1) ?? ''
    return words === '' ? `The ${part} ended.` : `The ${part} ended. It last said: ${words}`
  }

  async #countOutOfMemory(): Promise<void> {
    const { cgroups } = this.#options.machine
    if (cgroups !== undefined) this.#outOfMemorySeen = await countOutOfMemory(cgroups, this.#record.id)
  }

  async #markUp(): Promise<void> {
    if (!this.#record.ready) await this.#update((record) => ({ ...record, ready: true }))
    this.#isUp = true
    this.#options.onChange()
  }

  /** Waits for a part's health; fails early, with the part's last words, when a part dies meanwhile. */
  async #untilHealthy(part: SandboxPart, signal: AbortSignal): Promise<void> {
    const giveUp = new AbortController()
    const wait = { part, giveUp }
    const limit = AbortSignal.timeout(START_TIMEOUT_MS)
    this.#waits.add(wait)
    this.#failWaits()
    try {
      await waitForHealth(socketOf(this.#options.folders, part), AbortSignal.any([signal, limit, giveUp.signal]))
    } catch (cause) {
      if (!limit.aborted) throw cause
      const words = await lastWords(logOf(this.#options.folders, part))
      throw new AppError('timeout', `The ${part} did not answer within ${START_TIMEOUT_MS / 1000} s. ${words}`.trim(), {
        cause,
      })
    } finally {
      this.#waits.delete(wait)
    }
  }

  /** Nobody needs to wait for the health of a part that is dead. */
  #failWaits(): void {
    for (const { part, giveUp } of this.#waits) {
      const reason = this.#deaths.get(part)
      if (reason !== undefined) giveUp.abort(new AppError('unavailable', reason))
    }
  }

  /** Changes the record in memory and on disk, one change after the other. */
  async #update(change: (record: SandboxRecord) => SandboxRecord): Promise<void> {
    const done = this.#writing.then(async () => {
      const next = change(this.#record)
      await writeRecord(this.#options.folders.record, next)
      this.#record = next
    })
    this.#writing = done.catch(() => {})
    await done
    this.#options.onChange()
  }
}

function without(parts: SandboxRecord['parts'], gone: SandboxPart): SandboxRecord['parts'] {
  return Object.fromEntries(Object.entries(parts).filter(([part]) => part !== gone))
}

function isSameLabel(a: SandboxLabel, b: SandboxLabel): boolean {
  return a.replId === b.replId && a.generation === b.generation
}
