import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { SignJWT } from 'jose'
import { RUNNER_ROUTES, SIDECAR_ROUTES } from '#protocol/adoption.ts'
import type { AdoptRequest } from '#protocol/adoption.ts'
import { RUNNER_AUDIENCE, SIDECAR_AUDIENCE } from '#protocol/claims.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { NODE_FLAGS } from '#protocol/node-flags.ts'
import type { RehearsalControlPlane } from './control-plane.ts'
import { useRunner } from './page.ts'

/** A program is up after a quarter of a second; an emulated one of another architecture takes longer. */
const UP_LIMIT_MS = 60_000
const UP_POLL_MS = 10
/** For each step of a life. */
const STEP_LIMIT_MS = 30_000
/** What does not end by then has nothing to write that is worth waiting for. */
const END_LIMIT_MS = 10_000

const RECORDER = join(import.meta.dirname, 'record.ts')

/** The programs of a sandbox. */
export const PARTS = ['runner', 'sidecar'] as const
type Part = (typeof PARTS)[number]

interface LifeOptions {
  /** Where the programs are. */
  folder: string
  /** Where everything of this life comes to lie; it is made. */
  home: string
  controlPlane: RehearsalControlPlane
}

/** A runner and a sidecar of their own, without any sandbox around them; disposing of it ends them in order. */
export class Life implements AsyncDisposable {
  readonly #options: LifeOptions
  readonly #keys = generateKeyPairSync('ed25519')
  readonly #sandbox = newSandboxId()
  readonly #repl = newId()
  readonly #ended: (() => Promise<void>)[] = []

  private constructor(options: LifeOptions) {
    this.#options = options
  }

  /** Resolves when both answer; rejects with what one of them said if it does not start. */
  static async begin(options: LifeOptions): Promise<Life> {
    await using begun = new AsyncDisposableStack()
    const life = begun.use(new Life(options))
    for (const name of ['workspace', 'home', 'state', 'sockets'])
      await mkdir(join(options.home, name), { recursive: true })
    await Promise.all(PARTS.map((part) => life.#start(part)))
    begun.move()
    return life
  }

  /**
   * Is adopted, shows a page its files and a terminal, saves and stops. No agent comes: what serves one is as large as all
   * the rest, and reading it would keep every start waiting.
   */
  async goThrough(): Promise<void> {
    await this.#tell('adopt', this.#adoption())
    await useRunner(this.#socketOf('runner'), await this.#attachToken())
    await this.#tell('save', {})
    await this.#tell('stop', {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#ended.map((end) => end()))
  }

  async #start(part: Part): Promise<void> {
    const child = spawn(process.execPath, [...NODE_FLAGS, RECORDER, join(this.#options.folder, part)], {
      env: this.#environment(),
      // Its input ends with us, and it ends with that: no build leaves a program behind.
      stdio: ['pipe', 'ignore', 'pipe'],
    })
    // Both: it may end before all that it said has been read.
    const ended = Promise.all([text(child.stderr), once(child, 'exit')])
    this.#ended.push(async () => {
      // In order: it writes what it compiled when it ends.
      child.kill()
      const overdue = setTimeout(() => child.kill('SIGKILL'), END_LIMIT_MS)
      await ended
      clearTimeout(overdue)
    })
    const failed = ended.then(([said]) => {
      throw new Error(`The ${part} that was built does not start: ${said}`)
    })
    failed.catch(() => undefined)
    await Promise.race([answers(this.#socketOf(part), AbortSignal.timeout(UP_LIMIT_MS)), failed])
  }

  #socketOf(part: Part): string {
    return join(this.#options.home, 'sockets', `${part}.sock`)
  }

  #environment(): NodeJS.ProcessEnv {
    const { home } = this.#options
    return {
      NODE_ENV: 'production',
      HOME: join(home, 'home'),
      PATH: process.env['PATH'] ?? '',
      CONTROL_PUBLIC_KEY: this.#keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      SANDBOX_ID: this.#sandbox,
      WORKSPACE_DIR: join(home, 'workspace'),
      RUNNER_SOCKET: this.#socketOf('runner'),
      SIDECAR_SOCKET: this.#socketOf('sidecar'),
      CONTROL_SOCKET: this.#options.controlPlane.socket,
      VOLUME_DIR: home,
      STATE_DIR: join(home, 'state'),
    }
  }

  #adoption(): AdoptRequest {
    return {
      sandbox: this.#sandbox,
      repl: this.#repl,
      replName: 'rehearsal',
      generation: 1,
      token: 'nobody checks it',
      restore: true,
      head: this.#options.controlPlane.head,
      atHand: { contents: [], downloads: [] },
      run: { command: 'true' },
      runGuesses: [{ file: 'package.json', command: 'npm start' }],
      isolation: 'container',
      diskLimitBytes: 1024 ** 3,
    }
  }

  /** Calls the sidecar as the control plane does; rejects unless it says that it is done. */
  async #tell(purpose: 'adopt' | 'save' | 'stop', body: object): Promise<void> {
    const token = await sign({ aud: SIDECAR_AUDIENCE, sandbox: this.#sandbox, purpose }, this.#keys.privateKey)
    const asking = request({
      socketPath: this.#socketOf('sidecar'),
      path: SIDECAR_ROUTES[purpose],
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(STEP_LIMIT_MS),
      agent: false,
    })
    const answered = new Promise<string>((resolve, reject) => {
      asking.on('error', reject)
      asking.once('response', (response) => void text(response).then(resolve, reject))
    })
    asking.end(JSON.stringify(body))
    const answer = await answered
    if (!answer.includes('"phase":"done"')) throw new Error(`${purpose}: ${answer}`)
  }

  async #attachToken(): Promise<string> {
    const claims = { aud: RUNNER_AUDIENCE, sub: newId(), repl: this.#repl, generation: 1, role: 'owner', actor: 'x' }
    return sign(claims, this.#keys.privateKey)
  }
}

async function sign(claims: Record<string, unknown>, key: KeyObject): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA' }).setExpirationTime('5min').sign(key)
}

/** Whoever answers, whatever it says, is up. */
async function answers(socketPath: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const asking = request({ socketPath, path: RUNNER_ROUTES.health, signal, agent: false })
    // Given up below, it may still fail.
    asking.on('error', () => undefined)
    asking.end()
    try {
      await once(asking, 'response')
      return
    } catch (error) {
      // Not there yet, or there and not listening yet.
      if (signal.aborted) throw error
      await delay(UP_POLL_MS)
    } finally {
      asking.destroy()
    }
  }
}
