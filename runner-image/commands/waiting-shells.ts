import { WAITING_SHELLS } from './limits.ts'
import { isProcessEnvironment } from './helper-messages.ts'
import type { Configure } from './helper-messages.ts'
import type { Piped, Pipes } from './pipes.ts'

/**
 * Reads what prepares it from standard input up to a NUL, a byte at a time as shells do, so that what follows is the
 * command's; that reads the command likewise, which runs as after `bash -c`: its lines are counted from one.
 */
const AWAIT_SCRIPT = ['--noprofile', '--norc', '-c', 'IFS= read -r -d "" || exit; eval "$REPLY"; eval "$BASH_EXECUTION_STRING"', 'bash'] // prettier-ignore

/**
 * Shells that were started ahead, each used once: own process group, nothing of an earlier command in it. Starting one
 * takes longer than most commands do.
 */
export class WaitingShells {
  readonly #pipes: Pipes
  #configure: Configure | undefined
  #shells: Piped[] = []
  #isFilling = false

  constructor(pipes: Pipes) {
    this.#pipes = pipes
  }

  /** From now on shells have this environment. */
  configure(configure: Configure): void {
    this.#configure = configure
    this.end()
    this.fill()
  }

  /** A shell that waits for its script; one that died meanwhile is passed over. */
  async take(): Promise<Piped> {
    for (let shell = this.#shells.shift(); shell !== undefined; shell = this.#shells.shift()) {
      const { exitCode, signalCode, pid } = shell.child
      if (exitCode === null && signalCode === null && pid !== undefined) return shell
    }
    return this.#start(this.#configure)
  }

  /** Starts what is missing, one at a time: output of running commands comes in between. */
  fill(): void {
    if (this.#isFilling || this.#configure === undefined || this.#shells.length >= WAITING_SHELLS) return
    this.#isFilling = true
    setImmediate(() => void this.#add())
  }

  async #add(): Promise<void> {
    const configure = this.#configure
    try {
      const shell = await this.#start(configure)
      if (this.#configure === configure && this.#shells.length < WAITING_SHELLS) this.#shells.push(shell)
      else shell.child.kill('SIGKILL')
    } catch {
      // Why none can be started is told to whoever needs one.
      return
    } finally {
      this.#isFilling = false
    }
    this.fill()
  }

  end(): void {
    // End of file where a script would come: it ends by itself.
    for (const { child } of this.#shells) child.kill('SIGKILL')
    this.#shells = []
  }

  async #start(configure: Configure | undefined): Promise<Piped> {
    if (configure === undefined) throw new Error('The exec helper was not told an environment.')
    const { env, cwd } = configure
    if (!isProcessEnvironment(env)) throw new Error('The environment is none.')
    return this.#pipes.spawn('/bin/bash', AWAIT_SCRIPT, { cwd, env })
  }
}
