import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { WAITING_SHELLS } from './limits.ts'
import { isProcessEnvironment } from './helper-messages.ts'
import type { Configure } from './helper-messages.ts'

/**
 * Reads its script from standard input up to a NUL, a byte at a time as shells do, so that what follows is the command's;
 * and becomes what the script says.
 */
const AWAIT_SCRIPT = ['--noprofile', '--norc', '-c', 'IFS= read -r -d "" || exit; eval "$REPLY"', 'bash']

/**
 * Shells that were started ahead, each used once: own process group, nothing of an earlier command in it. Starting one
 * takes longer than most commands do.
 */
export class WaitingShells {
  #configure: Configure | undefined
  #shells: ChildProcess[] = []
  #isFilling = false

  /** From now on shells have this environment. */
  configure(configure: Configure): void {
    this.#configure = configure
    this.end()
    this.fill()
  }

  /** A shell that waits for its script; one that died meanwhile is passed over. */
  take(): ChildProcess {
    for (let shell = this.#shells.shift(); shell !== undefined; shell = this.#shells.shift())
      if (shell.exitCode === null && shell.signalCode === null && shell.pid !== undefined) return shell
    return this.#start()
  }

  /** Starts what is missing, one at a time: output of running commands comes in between. */
  fill(): void {
    if (this.#isFilling || this.#configure === undefined || this.#shells.length >= WAITING_SHELLS) return
    this.#isFilling = true
    setImmediate(() => {
      this.#isFilling = false
      if (this.#shells.length >= WAITING_SHELLS) return
      this.#shells.push(this.#start())
      this.fill()
    })
  }

  end(): void {
    // End of file where a script would come: it ends by itself.
    for (const shell of this.#shells) shell.kill('SIGKILL')
    this.#shells = []
  }

  #start(): ChildProcess {
    if (this.#configure === undefined) throw new Error('The exec helper was not told an environment.')
    const { env, cwd } = this.#configure
    if (!isProcessEnvironment(env)) throw new Error('The environment is none.')
    const shell = spawn('/bin/bash', AWAIT_SCRIPT, {
      cwd,
      env,
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // A failure to start is told to whoever takes it.
    shell.on('error', () => {})
    return shell
  }
}
