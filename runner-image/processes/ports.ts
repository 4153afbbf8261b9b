import type { PortInfo } from '#protocol/messages.ts'
import { PORT_POLL_MS, PORT_POLL_STARTING_MS } from '../limits.ts'
import type { Log } from '../log.ts'
import { readListening } from './listening.ts'
import type { Listening } from './listening.ts'
import { commandLine, socketInodes } from './proc.ts'
import type { ProcStat } from './proc.ts'
import type { SandboxTree } from './sandbox-tree.ts'

interface PortsOptions {
  tree: SandboxTree
  log: Log
  /** Whether the network is shared with others, so that only sockets of this sandbox's own processes count. */
  isShared(): boolean
  /** How closely to look: a command is starting, somebody is here, or nobody needs to know. */
  interest(): 'starting' | 'watched' | 'none'
  onChange(ports: PortInfo[]): void
}

/** What listens in this sandbox. Looked at now and then while somebody is interested; the kernel does not tell by itself. */
export class Ports implements Disposable {
  readonly #options: PortsOptions
  #known: PortInfo[] = []
  /** The sockets that `#known` was made from. */
  #signature = ''
  #timer: NodeJS.Timeout | undefined
  #isDisposed = false
  #running: Promise<PortInfo[]> | undefined
  #next: Promise<PortInfo[]> | undefined
  #watching = 0
  readonly #listeners = new Set<() => void>()

  constructor(options: PortsOptions) {
    this.#options = options
  }

  get known(): PortInfo[] {
    return this.#known
  }

  /** Somebody is interested until the result is disposed of. */
  watched(): Disposable {
    this.#watching++
    this.wake()
    return { [Symbol.dispose]: () => void this.#watching-- }
  }

  /** Calls back after each change; the function ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Looks now. Calls that come during a look share the next one: what it has seen may be over by then. */
  async refresh(): Promise<PortInfo[]> {
    if (this.#running === undefined) return this.#begin()
    this.#next ??= this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#begin()
      })
    return this.#next
  }

  #begin(): Promise<PortInfo[]> {
    this.#running = this.#look().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** The interest has changed: looks now and from then on at its pace. */
  wake(): void {
    clearTimeout(this.#timer)
    if (this.#isDisposed || this.#interest() === 'none') return
    void this.refresh()
      .catch((error: unknown) => this.#options.log.error('Listening ports cannot be read.', error))
      .then(() => {
        clearTimeout(this.#timer)
        const interest = this.#interest()
        if (this.#isDisposed || interest === 'none') return
        this.#timer = setTimeout(() => this.wake(), interest === 'starting' ? PORT_POLL_STARTING_MS : PORT_POLL_MS)
        this.#timer.unref()
      })
  }

  /** Whether a process of this sandbox listens on `port`. */
  async isOwn(port: number): Promise<boolean> {
    return (await this.refresh()).some((known) => known.port === port)
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    clearTimeout(this.#timer)
  }

  #interest(): 'starting' | 'watched' | 'none' {
    const interest = this.#options.interest()
    return interest === 'none' && this.#watching > 0 ? 'watched' : interest
  }

  async #look(): Promise<PortInfo[]> {
    const listening = await readListening()
    const signature = listening.map(({ port, inode }) => `${port}:${inode}`).join(' ')
    if (signature === this.#signature) return this.#known
    const ports = await this.#identify(listening)
    // A socket appears a moment before it can be attributed; such a look is taken again.
    if (ports.every(({ pid }) => pid !== undefined)) this.#signature = signature
    if (JSON.stringify(ports) !== JSON.stringify(this.#known)) {
      this.#known = ports
      this.#options.onChange(ports)
      for (const listener of this.#listeners) listener()
    }
    return ports
  }

  async #identify(listening: Listening[]): Promise<PortInfo[]> {
    const owners = await ownersOf(await this.#options.tree.processes())
    const isShared = this.#options.isShared()
    const ports = new Map<number, PortInfo>()
    for (const { port, address, inode } of listening) {
      const owner = owners.get(inode)
      if ((isShared && owner === undefined) || ports.has(port)) continue
      ports.set(port, {
        port,
        address,
        ...(owner !== undefined && { pid: owner.pid, command: await commandLine(owner) }),
      })
    }
    return [...ports.values()].sort((a, b) => a.port - b.port)
  }
}

async function ownersOf(processes: ProcStat[]): Promise<Map<number, ProcStat>> {
  const owners = new Map<number, ProcStat>()
  const inodes = await Promise.all(processes.map(({ pid }) => socketInodes(pid)))
  for (const [index, stat] of processes.entries()) for (const inode of inodes[index] ?? []) owners.set(inode, stat)
  return owners
}
