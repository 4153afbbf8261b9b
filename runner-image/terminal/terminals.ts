import { newId } from '#protocol/ids.ts'
import { MAX_TERMINALS } from '#protocol/limits.ts'
import type { TerminalInfo } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import { TERMINAL_KILL_AFTER_MS } from '../limits.ts'
import { endProcesses } from '../processes/end-processes.ts'
import type { SandboxTree } from '../processes/sandbox-tree.ts'
import type { Publish } from '../sockets/publish.ts'
import type { Size } from './pty.ts'
import type { Screens } from './screens.ts'
import { Terminal } from './terminal.ts'
import type { TerminalOptions } from './terminal.ts'

interface TerminalsOptions {
  tree: SandboxTree
  screens: Screens
  publish: Publish
  onActivity: () => void
}

interface NewTerminal extends Size {
  kind: TerminalInfo['kind']
  name?: string | undefined
  /** Relative to the workspace, and where that is. */
  cwd: string
  directory: string
  env: Record<string, string>
  /** Arguments of bash. */
  args: string[]
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

/** The terminals of a sandbox. They belong to nobody's connection: all clients see all of them. */
export class Terminals {
  readonly #options: TerminalsOptions
  readonly #terminals = new Map<string, Terminal>()
  readonly #closing = new Map<string, Promise<void>>()
  #named = 0

  constructor(options: TerminalsOptions) {
    this.#options = options
  }

  list(): TerminalInfo[] {
    return [...this.#terminals.values()].map((terminal) => terminal.info())
  }

  /** The terminal, or `not_found`. */
  get(id: string): Terminal {
    const terminal = this.#terminals.get(id)
    if (terminal === undefined) {
      throw new RunnerError('not_found', `There is no terminal ${id}.`, { advice: 'It has been closed. Open another.' })
    }
    return terminal
  }

  /** Id of the terminal whose session this is. */
  idOfSession(session: number): string | undefined {
    return [...this.#terminals.values()].find((terminal) => terminal.pid === session)?.id
  }

  create(options: NewTerminal): Terminal {
    if (this.#terminals.size >= MAX_TERMINALS) {
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
      command: { file: '/bin/bash', args: [...CLEAN_START, ...args], env, cwd: directory, cols, rows },
      screens: this.#options.screens,
      onActivity: this.#options.onActivity,
      onEnd: (ended) => {
        options.onEnd?.(ended)
        if (this.#terminals.has(ended.id)) this.#options.publish('terminal.changed', { terminal: ended.info() })
      },
    })
    this.#terminals.set(terminal.id, terminal)
    this.#options.publish('terminal.opened', { terminal: terminal.info() })
    return terminal
  }

  #start(options: TerminalOptions): Terminal {
    try {
      return new Terminal(options)
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
    this.#options.publish('terminal.changed', { terminal: terminal.info() })
  }

  resize(id: string, size: Size): void {
    const terminal = this.get(id)
    if (terminal.size.cols === size.cols && terminal.size.rows === size.rows) return
    terminal.resize(size)
    this.#options.publish('terminal.changed', { terminal: terminal.info() })
  }

  /** Ends everything in the terminal's session and forgets it. Concurrent calls join. */
  async close(id: string): Promise<void> {
    const terminal = this.get(id)
    const closing = this.#closing.get(id) ?? this.#close(terminal)
    this.#closing.set(id, closing)
    await closing
  }

  /** Asks everything in a terminal's session to end, then insists. */
  async end(terminal: Terminal, signals: NodeJS.Signals[], waitMs: number): Promise<void> {
    const find = async () =>
      (await this.#options.tree.processes()).filter(({ session }) => session === terminal.pid).map(({ pid }) => pid)
    await endProcesses({ find, signals, waitMs })
  }

  async #close(terminal: Terminal): Promise<void> {
    try {
      await this.end(terminal, ['SIGHUP', 'SIGKILL'], TERMINAL_KILL_AFTER_MS)
      this.#terminals.delete(terminal.id)
      this.#options.publish('terminal.closed', { terminal: terminal.id })
    } finally {
      this.#closing.delete(terminal.id)
    }
  }
}
