import { setTimeout as delay } from 'node:timers/promises'
import type { RunDefaults } from '#protocol/adoption.ts'
import type { PortInfo, RequestParams, RunState } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import { RUN_KILL_AFTER_MS } from '../limits.ts'
import type { Size } from '../terminal/pty.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Terminals } from '../terminal/terminals.ts'
import { descendantsOf } from './sandbox-tree.ts'
import { readStats } from './proc.ts'

interface RunOptions {
  terminals: Terminals
  /** What Run would run now. */
  config(): Promise<RunDefaults>
  env(): Record<string, string>
  directory: string
  /** The port that programs must use here, where the network is shared. */
  givenPort(): number | undefined
  onChange(state: RunState): void
}

type Phase = RunState['state']

/** The Run button: one command in a terminal of its own, ready once it listens. */
export class Run {
  readonly #options: RunOptions
  #phase: Phase = 'idle'
  #terminal: Terminal | undefined
  #exitCode: number | null | undefined
  /** What was started, for as long as it runs; afterwards the configuration counts again. */
  #started: RunDefaults | undefined
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #onExit = () => {}

  constructor(options: RunOptions) {
    this.#options = options
  }

  /** Whether it has been started and does not listen yet. */
  get isStarting(): boolean {
    return this.#phase === 'running'
  }

  async state(): Promise<RunState> {
    const { command, port } = this.#started ?? (await this.#options.config())
    const expected = this.#options.givenPort() ?? port
    return {
      command,
      ...(expected !== undefined && { port: expected }),
      state: this.#phase,
      ...(this.#terminal !== undefined && { terminal: this.#terminal.id }),
      ...(this.#exitCode !== undefined && { exitCode: this.#exitCode }),
    }
  }

  /** Starts the command; while it runs, answers with what runs. */
  async start(size: Size, actor: string): Promise<RunState> {
    await this.#stopping
    if (this.#started === undefined) {
      this.#starting ??= this.#launch(size, actor).finally(() => {
        this.#starting = undefined
      })
      await this.#starting
    }
    return this.state()
  }

  async stop(): Promise<RunState> {
    await this.#starting
    const terminal = this.#terminal
    if (this.#started !== undefined && terminal !== undefined) {
      this.#stopping ??= this.#end(terminal).finally(() => {
        this.#stopping = undefined
      })
      await this.#stopping
    }
    return this.state()
  }

  /** `asked` as the project keeps it: the port that this sandbox alone was given does not travel with it. */
  async toKeep({ command, port }: RequestParams<'run.configure'>): Promise<RunDefaults> {
    const kept = port !== undefined && port === this.#options.givenPort() ? (await this.#options.config()).port : port
    return { command, ...(kept !== undefined && { port: kept }) }
  }

  /** The configuration was changed. */
  async reconfigured(): Promise<RunState> {
    return this.#changed()
  }

  /** Tells it what listens now: it is ready when the expected port does, or, without one, any port of its own. */
  async portsChanged(ports: PortInfo[]): Promise<void> {
    if (this.#phase !== 'running' || this.#terminal === undefined || this.#started === undefined) return
    const expected = this.#options.givenPort() ?? this.#started.port
    const own = descendantsOf(this.#terminal.pid, await readStats()).add(this.#terminal.pid)
    const isReady = ports.some(({ port, pid }) => port === expected || (pid !== undefined && own.has(pid)))
    if (!isReady || this.#phase !== 'running') return
    this.#phase = 'ready'
    await this.#changed()
  }

  async #launch(size: Size, actor: string): Promise<void> {
    const config = await this.#options.config()
    if (config.command === '') {
      throw new RunnerError('bad_request', 'This project does not say how it is run.', {
        advice: 'Set the run command, or put {"run": {"command": "…"}} into .devex.json.',
      })
    }
    const { terminals, directory } = this.#options
    const old = this.#terminal
    const port = this.#options.givenPort() ?? config.port
    this.#terminal = terminals.create({
      ...size,
      kind: 'run',
      name: 'Run',
      cwd: '',
      directory,
      createdBy: actor,
      env: { ...this.#options.env(), ...(port !== undefined && { PORT: String(port) }) },
      args: ['-lc', config.command],
      onEnd: (terminal) => this.#ended(terminal),
    })
    this.#started = config
    this.#phase = 'running'
    this.#exitCode = undefined
    if (old !== undefined) await terminals.close(old.id).catch(() => {})
    await this.#changed()
  }

  async #end(terminal: Terminal): Promise<void> {
    this.#phase = 'stopping'
    await this.#changed()
    const exited = Promise.withResolvers<void>()
    this.#onExit = exited.resolve
    await this.#options.terminals.end(terminal, ['SIGINT', 'SIGTERM', 'SIGKILL'], RUN_KILL_AFTER_MS / 2)
    // The processes are gone; the terminal tells of its end once its last output is out.
    if (terminal.exit === undefined)
      await Promise.race([exited.promise, delay(RUN_KILL_AFTER_MS, undefined, { ref: false })])
  }

  #ended(terminal: Terminal): void {
    if (terminal !== this.#terminal) return
    this.#phase = 'exited'
    this.#exitCode = terminal.exit?.code ?? null
    this.#started = undefined
    this.#onExit()
    void this.#changed()
  }

  async #changed(): Promise<RunState> {
    const state = await this.state()
    this.#options.onChange(state)
    return state
  }
}
