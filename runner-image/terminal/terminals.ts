import { newId } from '#protocol/ids.ts'
import { MAX_TERMINALS } from '#protocol/limits.ts'
import type { TerminalInfo } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import { TERMINAL_KILL_AFTER_MS } from '../limits.ts'
import { endSession } from '../processes/end-processes.ts'
import type { SandboxTree } from '../processes/sandbox-tree.ts'
import type { Publish } from '../sockets/publish.ts'
import { Pty } from './pty.ts'
import type { Program, ProgramEvents, PtyCommand, Size } from './pty.ts'
import type { Screens } from './screens.ts'
import { Terminal } from './terminal.ts'
import type { TerminalOptions } from './terminal.ts'

interface TerminalsOptions {
  tree: SandboxTree
  screens: Screens
  publish: Publish
  onActivity: () => void
}

/** An agent's command among the terminals. */
interface AgentTerminal {
  id: string
  name: string
  /** Relative to the workspace. */
  cwd: string
  actor: string
  command: string
  size: Size
  launch: (events: ProgramEvents) => Program
  onEnd: (terminal: Terminal) => void
  /** Somebody closed it: it is gone. */
  onClosed: () => void
}

interface Shell {
  /** Relative to the workspace, and where that is. */
  cwd: string
  directory: string
  env: Record<string, string>
  /** Arguments of bash. */
  args: string[]
}

interface NewTerminal extends Size, Shell {
  kind: TerminalInfo['kind']
  name?: string | undefined
  createdBy: string
  onEnd?: (terminal: Terminal) => void
}

/**
 * A PTY's own descriptor is inherited by every shell started after it. This closes whatever the shell was not meant to
 * get, then becomes the shell, with the arguments that follow.
 */
const CLEAN_START = [
  '--noprofile',
  '--norc',
  '-c',
  'for fd in /proc/$$/fd/*; do fd=${fd##*/}; if ((fd > 2)); then eval "exec $fd>&-"; fi; done; exec /bin/bash "$@"',
  'bash',
]

/** A clean bash on a PTY. */
export function shellCommand({ args, ...options }: Omit<PtyCommand, 'file'>): PtyCommand {
  return { file: '/bin/bash', args: [...CLEAN_START, ...args], ...options }
}

/** The terminals of a sandbox. They belong to nobody's connection: all clients see all of them. */
export class Terminals {
  readonly #options: TerminalsOptions
  readonly #terminals = new Map<string, Terminal>()
  readonly #closing = new Map<string, Promise<void>>()
  readonly #restarting = new Map<string, Promise<void>>()
  readonly #onClosed = new Map<string, () => void>()
  readonly #watchers = new Set<() => void>()
  #named = 0

  constructor(options: TerminalsOptions) {
    this.#options = options
  }

  list(): TerminalInfo[] {
    return this.all().map((terminal) => terminal.info())
  }

  /** Oldest first. */
  all(): Terminal[] {
    return [...this.#terminals.values()]
  }

  /** The terminal, or `not_found`. */
  get(id: string): Terminal {
    const terminal = this.#terminals.get(id)
    if (terminal === undefined) throw closed(id)
    return terminal
  }

  /** Id of the terminal whose session this is. */
  idOfSession(session: number): string | undefined {
    return [...this.#terminals.values()].find((terminal) => terminal.pid === session)?.id
  }

  create(options: NewTerminal): Terminal {
    if (this.#terminals.size - this.#onClosed.size >= MAX_TERMINALS) {
      throw new RunnerError('quota_exceeded', `${MAX_TERMINALS} terminals are open, which is the limit.`, {
        advice: 'Close one that you do not need.',
      })
    }
    const { kind, cwd, directory, env, args, createdBy, cols, rows } = options
    const terminal = this.#start({
      id: newId(),
      kind,
      cwd,
      createdBy,
      name: options.name ?? `bash ${++this.#named}`,
      size: { cols, rows },
      launch: (events) => new Pty(shellCommand({ args, env, cwd: directory, cols, rows }), events),
      screens: this.#options.screens,
      onActivity: this.#options.onActivity,
      onEnd: (ended) => {
        options.onEnd?.(ended)
        this.#ended(ended)
      },
    })
    return this.#opened(terminal)
  }

  /** Shows an agent's command. Its bounds are its owner's: `forget` takes it away again. */
  openAgent({ actor, command, onEnd, onClosed, ...options }: AgentTerminal): Terminal {
    const terminal = this.#start({
      ...options,
      kind: 'agent',
      createdBy: actor,
      agent: { actor, command },
      screens: this.#options.screens,
      onActivity: this.#options.onActivity,
      onEnd: (ended) => {
        onEnd(ended)
        this.#ended(ended)
      },
    })
    this.#onClosed.set(terminal.id, onClosed)
    return this.#opened(terminal)
  }

  /** Takes away an ended one. */
  forget(id: string): void {
    this.#onClosed.delete(id)
    if (this.#terminals.delete(id)) this.#tell('terminal.closed', { terminal: id })
  }

  /** Calls back whenever one opens, changes or closes; the function ends that. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  #opened(terminal: Terminal): Terminal {
    this.#terminals.set(terminal.id, terminal)
    this.#tell('terminal.opened', { terminal: terminal.info() })
    return terminal
  }

  #ended(terminal: Terminal): void {
    if (this.#terminals.has(terminal.id)) this.#tell('terminal.changed', { terminal: terminal.info() })
  }

  readonly #tell: Publish = (event, data) => {
    this.#options.publish(event, data)
    for (const watcher of this.#watchers) watcher()
  }

  #start(options: TerminalOptions): Terminal {
    return this.#begin(() => new Terminal(options))
  }

  #begin<T>(start: () => T): T {
    try {
      return start()
    } catch (error) {
      throw new RunnerError('unavailable', 'A terminal cannot be started.', {
        cause: error,
        advice: 'The limit of processes may be reached: end some, then try again.',
      })
    }
  }

  rename(id: string, name: string): void {
    const terminal = this.get(id)
    terminal.name = name
    this.#tell('terminal.changed', { terminal: terminal.info() })
  }

  resize(id: string, size: Size): void {
    const terminal = this.get(id)
    if (terminal.size.cols === size.cols && terminal.size.rows === size.rows) return
    terminal.resize(size)
    this.#tell('terminal.changed', { terminal: terminal.info() })
  }

  /** Ends everything in the terminal's session and forgets it. Concurrent calls join. */
  async close(id: string): Promise<void> {
    const terminal = this.get(id)
    const closing = this.#closing.get(id) ?? this.#close(terminal, this.#restarting.get(id))
    this.#closing.set(id, closing)
    await closing
  }

  /** Ends everything in a shell's session and starts a fresh one in its place. Concurrent calls join. */
  async restart(id: string, shell: Shell): Promise<void> {
    const terminal = this.get(id)
    if (terminal.kind !== 'shell') {
      throw new RunnerError('bad_request', `${terminal.name} is no shell: it cannot be restarted.`, {
        advice: 'Open a new terminal instead.',
      })
    }
    if (this.#closing.has(id)) throw closed(id)
    const restarting = this.#restarting.get(id) ?? this.#restart(terminal, shell)
    this.#restarting.set(id, restarting)
    await restarting
  }

  /** Asks everything in a terminal's session to end, then insists; `false` if some outlived it. */
  async end(terminal: Terminal, signals: NodeJS.Signals[], waitMs: number): Promise<boolean> {
    return endSession(terminal.pid, {
      processes: () => this.#options.tree.processes(),
      hasLeaderEnded: () => terminal.hasEnded,
      signals,
      waitMs,
    })
  }

  async #restart(terminal: Terminal, { cwd, directory, env, args }: Shell): Promise<void> {
    try {
      if (!(await this.end(terminal, ['SIGHUP', 'SIGKILL'], TERMINAL_KILL_AFTER_MS))) {
        throw new RunnerError('unavailable', `What runs in ${terminal.name} does not end.`, {
          advice: 'Open a new terminal instead.',
        })
      }
      await terminal.ended()
      const command = shellCommand({ args, env, cwd: directory, ...terminal.size })
      this.#begin(() => terminal.restart({ cwd, launch: (events) => new Pty(command, events) }))
      this.#tell('terminal.changed', { terminal: terminal.info() })
    } finally {
      this.#restarting.delete(terminal.id)
    }
  }

  /** After a restart that is under way: it would leave a shell behind that nobody can see. */
  async #close(terminal: Terminal, restart: Promise<void> | undefined): Promise<void> {
    try {
      await restart?.catch(() => undefined)
      await this.end(terminal, ['SIGHUP', 'SIGKILL'], TERMINAL_KILL_AFTER_MS)
      const onClosed = this.#onClosed.get(terminal.id)
      this.forget(terminal.id)
      onClosed?.()
    } finally {
      this.#closing.delete(terminal.id)
    }
  }
}

function closed(id: string): RunnerError {
  return new RunnerError('not_found', `There is no terminal ${id}.`, { advice: 'It has been closed. Open another.' })
}
