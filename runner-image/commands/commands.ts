import { stat } from 'node:fs/promises'
import { isAbsolute, join } from 'node:path'
import { newId } from '#protocol/ids.ts'
import { RunnerError, toRunnerError } from '../errors.ts'
import { fromHome } from '../files/from-home.ts'
import { Pty } from '../terminal/pty.ts'
import type { Exit, Program, ProgramEvents, Size } from '../terminal/pty.ts'
import { shellCommand } from '../terminal/terminals.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Terminals } from '../terminal/terminals.ts'
import { Command } from './command.ts'
import type { CommandProgram } from './command.ts'
import { ExecHelper } from './exec-helper-client.ts'
import type { PipedProgram } from './exec-helper-client.ts'
import type { Configure, StartMessage } from './helper-messages.ts'
import {
  ENDED_LOGS_BYTES,
  MAX_COMMAND_BYTES,
  MAX_COMMAND_NAME_CHARS,
  MAX_ENDED_COMMANDS,
  MAX_RUNNING_COMMANDS,
  MAX_SHOWN_COMMAND_CHARS,
  PIPE_SCREEN,
} from './limits.ts'
import { loginEnvironment } from './login-environment.ts'
import { PipedScreen } from './piped-screen.ts'
import { waitingScript } from './shell-script.ts'

interface CommandsOptions {
  terminals: Terminals
  /** Real path of the workspace. */
  root: string
  shellEnv: () => Record<string, string>
}

export interface NewCommand {
  /** One: for bash. More: a program and its arguments. */
  command: string[]
  env: Record<string, string>
  /** Absolute, or relative to the workspace. */
  cwd: string | undefined
  pty: Size | undefined
  actor: string
  name: string | undefined
  stdin: Uint8Array | undefined
  keepStdin: boolean
  timeoutMs: number
}

interface Shown {
  name: string | undefined
  size: Size
}

interface Prepared extends NewCommand {
  directory: string
  configure: Configure
}

/** The commands that agents run. People see each among the terminals; ended ones stay for a while. */
export class Commands implements AsyncDisposable {
  readonly #options: CommandsOptions
  readonly #commands = new Map<string, Command>()
  readonly #helper = new ExecHelper()
  #configure: Promise<Configure> | undefined
  #starting = 0

  constructor(options: CommandsOptions) {
    this.#options = options
  }

  /** Oldest first. */
  list(): Command[] {
    return [...this.#commands.values()]
  }

  /** The command, or `not_found`. */
  get(id: string): Command {
    const command = this.#commands.get(id)
    if (command !== undefined) return command
    throw new RunnerError('not_found', `There is no command ${id}.`, {
      advice: `It was never started here, or ended long ago: the last ${MAX_ENDED_COMMANDS} are kept.`,
    })
  }

  /** What people should read for a process: an agent's command itself, `null` for what only serves starting them. */
  describe({ pid, parent }: { pid: number; parent: number }): string | null | undefined {
    const command = this.list().find((known) => known.exit === undefined && known.pid === pid)
    if (command !== undefined) return command.facts.text
    const helper = this.#helper.pid
    return helper !== undefined && (pid === helper || parent === helper) ? null : undefined
  }

  /** The user's profile has changed, or the variables of the repl: later commands get what is set up now. */
  profileChanged(): void {
    this.#configure = undefined
  }

  /** Starts a command; resolves once it runs. */
  async start(asked: NewCommand): Promise<Command> {
    this.#assertRoom(asked)
    this.#starting++
    try {
      const prepared = { ...asked, directory: await this.#directory(asked.cwd), configure: await this.#environment() }
      const command = new Command({
        id: newId(),
        text: asked.command.join(' '),
        cwd: prepared.directory,
        actor: asked.actor,
        isTty: asked.pty !== undefined,
      })
      await (asked.pty === undefined
        ? this.#startPiped(command, prepared)
        : this.#startOnPty(command, prepared, asked.pty))
      return command
    } finally {
      this.#starting--
    }
  }

  /** Lets helper and waiting shells go; what runs is its terminals' to end. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#helper[Symbol.dispose]()
  }

  async #startPiped(command: Command, prepared: Prepared): Promise<void> {
    let screen: PipedScreen | undefined
    const early: Uint8Array[] = []
    const program = await this.#helper.start(startMessage(prepared), prepared.configure, {
      onOutput: (stream, bytes) => {
        if (screen === undefined) early.push(Buffer.from(bytes))
        command.log.append(stream, bytes)
        screen?.show(bytes)
      },
      onEnd: (exit) => this.#ended(command, exit, screen),
    })
    command.started(program, prepared.timeoutMs)
    this.#giveInput(program, prepared)
    this.#show(command, { name: prepared.name, size: PIPE_SCREEN }, (events) => {
      screen = new PipedScreen({ program, onInterrupt: () => command.signal('SIGINT') }, events)
      return screen
    })
    for (const bytes of early) screen?.show(bytes)
    if (command.exit !== undefined) screen?.end(command.exit)
  }

  async #startOnPty(command: Command, prepared: Prepared, size: Size): Promise<void> {
    const { directory: cwd, configure, env } = prepared
    const [file = ''] = prepared.command
    const args = prepared.command.length === 1 ? ['-c', file] : ['-c', 'exec "$@"', 'bash', ...prepared.command]
    let program: Pty | undefined
    const terminal = this.#show(command, { name: prepared.name, size }, (events) => {
      const { cols, rows } = size
      program = new Pty(shellCommand({ args, env: { ...configure.env, ...env }, cwd, cols, rows }), {
        onOutput: (bytes) => {
          command.log.append('pty', bytes)
          events.onOutput(bytes)
        },
        onEnd: (exit) => {
          this.#ended(command, exit, undefined)
          events.onEnd(exit)
        },
      })
      return program
    })
    const write: CommandProgram['write'] = (bytes, onApplied) => terminal.write(bytes, onApplied)
    const resize = (to: Size) => this.#options.terminals.resize(terminal.id, to)
    // On a terminal, end of file is typed.
    const endInput = () => write(END_OF_FILE, () => undefined)
    command.started({ pid: terminal.pid, isInputOpen: true, write, endInput, resize }, prepared.timeoutMs)
    if (prepared.stdin === undefined) return
    write(prepared.stdin, () => {})
    if (!prepared.keepStdin) endInput()
  }

  #show(command: Command, { name, size }: Shown, launch: (events: ProgramEvents) => Program): Terminal {
    const { id, text, cwd, actor } = command.facts
    const { root, terminals } = this.#options
    const terminal = terminals.openAgent({
      id,
      name: name ?? firstLine(text),
      cwd: cwd.startsWith(`${root}/`) ? cwd.slice(root.length + 1) : '',
      actor,
      command: text.slice(0, MAX_SHOWN_COMMAND_CHARS),
      size,
      launch,
      onEnd: () => {},
      onClosed: () => this.#commands.delete(id),
    })
    command.terminal = terminal
    this.#commands.set(id, command)
    return terminal
  }

  #giveInput(program: PipedProgram, { stdin, keepStdin }: Prepared): void {
    if (stdin !== undefined && stdin.length > 0) program.write(stdin, () => {})
    if (!keepStdin) program.endInput()
  }

  #ended(command: Command, exit: Exit, screen: PipedScreen | undefined): void {
    command.end(exit)
    screen?.end(exit)
    this.#forgetOld()
  }

  /** Of those that have ended, the latest stay, as far as their logs fit. */
  #forgetOld(): void {
    let [count, bytes] = [0, 0]
    for (const [id, command] of [...this.#commands].reverse()) {
      if (command.exit === undefined) continue
      count++
      bytes += command.log.end - command.log.start
      if (count <= MAX_ENDED_COMMANDS && (bytes <= ENDED_LOGS_BYTES || count === 1)) continue
      this.#commands.delete(id)
      this.#options.terminals.forget(id)
    }
  }

  #assertRoom({ command }: NewCommand): void {
    const running = this.list().filter(({ exit }) => exit === undefined).length + this.#starting
    if (running >= MAX_RUNNING_COMMANDS) {
      throw new RunnerError('quota_exceeded', `${MAX_RUNNING_COMMANDS} commands of agents run, which is the limit.`, {
        advice: 'Wait for one, or end one that is not needed.',
      })
    }
    if (command.join('').trim() === '') throw new RunnerError('bad_request', 'The command is empty.')
    if (command.some((part) => part.includes('\0')))
      throw new RunnerError('bad_request', 'The command holds a NUL character.')
    if (Buffer.byteLength(command.join(' ')) <= MAX_COMMAND_BYTES) return
    throw new RunnerError('too_large', `The command is longer than ${MAX_COMMAND_BYTES / 1024} KiB.`, {
      advice: 'Write it to a file and run that.',
    })
  }

  async #directory(cwd: string | undefined): Promise<string> {
    const { root } = this.#options
    if (cwd === undefined || cwd === '' || cwd === '.') return root
    const asked = fromHome(cwd)
    const directory = isAbsolute(asked) ? asked : join(root, asked)
    const found = await stat(directory).catch((error: unknown) => {
      throw toRunnerError(error, cwd)
    })
    if (found.isDirectory()) return directory
    throw new RunnerError('bad_request', `${cwd} is not a folder.`, { path: cwd })
  }

  async #environment(): Promise<Configure> {
    const { shellEnv, root } = this.#options
    this.#configure ??= loginEnvironment(shellEnv(), root).then((env) => ({ env: { ...env, ...FOR_AGENTS }, cwd: '/' }))
    return this.#configure
  }
}

const END_OF_FILE = Uint8Array.of(0x04)

/** A program that would open a pager or an editor waits for somebody who is not there. */
const FOR_AGENTS = { PAGER: 'cat', GIT_PAGER: 'cat' }

function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return line.slice(0, MAX_COMMAND_NAME_CHARS)
}

function startMessage(prepared: Prepared): StartMessage {
  const { command, directory: cwd, env, configure } = prepared
  const [text = ''] = command
  const isStdinNull = prepared.stdin === undefined && !prepared.keepStdin
  const script = command.length === 1 ? waitingScript({ command: text, cwd, env, isStdinNull }) : undefined
  if (script !== undefined) return { kind: 'script', script }
  const whole = { ...configure.env, ...env }
  const begin = isStdinNull ? 'exec </dev/null; ' : ''
  const args = command.length === 1 ? ['-c', `${begin}eval "$1"`, 'bash', text] : ['-c', `${begin}exec "$@"`, 'bash', ...command] // prettier-ignore
  return { kind: 'program', file: '/bin/bash', args, cwd, env: whole }
}
