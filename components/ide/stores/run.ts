import type { PortInfo, RunState } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import { Store } from './store.ts'
import type { Terminals } from './terminals.ts'

/** The Run button: what it would run, whether it does, and what listens because of it. */
export class Run {
  readonly state = new Store<RunState | undefined>(undefined)
  readonly ports = new Store<readonly PortInfo[]>([])
  readonly #connection: Connection
  readonly #terminals: Terminals

  constructor(connection: Connection, terminals: Terminals) {
    this.#connection = connection
    this.#terminals = terminals
    connection.on('hello', (hello) => {
      this.state.set(hello.run)
      this.ports.set(hello.ports)
    })
    connection.state.subscribe(() => {
      // Stopped: what ran is gone. While reconnecting, it most likely still runs.
      if (connection.state.getSnapshot().kind !== 'off') return
      this.state.set(undefined)
      this.ports.set([])
    })
    connection.on('run.changed', (run) => this.state.set(run))
    connection.on('ports.changed', ({ ports }) => this.ports.set(ports))
  }

  get isRunning(): boolean {
    const kind = this.state.getSnapshot()?.state
    return kind === 'running' || kind === 'ready' || kind === 'stopping'
  }

  /** Runs the command and shows its terminal. */
  async start(): Promise<void> {
    const run = await this.#connection.request('run.start', this.#terminals.likelySize())
    this.state.set(run)
    if (run.terminal !== undefined) this.#terminals.activate(run.terminal)
  }

  async stop(): Promise<void> {
    this.state.set(await this.#connection.request('run.stop', {}))
  }

  async configure(command: string, port: number | undefined): Promise<void> {
    this.state.set(await this.#connection.request('run.configure', { command, ...(port !== undefined && { port }) }))
  }
}
