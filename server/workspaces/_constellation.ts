import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { INTERNAL_ROUTES } from '#protocol/adoption.ts'
import type { AdoptProgress, AdoptRequest, RestoreProgress, RestoreRequest, SaveProgress } from '#protocol/adoption.ts'
import type { GenerationClaims } from '#protocol/claims.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError } from '#server/errors.ts'
import { createLog } from '#server/log.ts'
import { SIDECAR_MALLOC } from '#server/orchestrator/local/environment.ts'
import { NODE_FLAGS } from '#protocol/node-flags.ts'
import type { Log } from '#server/log.ts'
import { serveDiskObject } from '#server/object-store/disk-presigned.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { createWorkspaces } from '#server/workspaces/create-workspaces.ts'
import { createInternalApi } from '#server/workspaces/internal-api.ts'
import { createSidecarClient } from '#server/workspaces/sidecar-client.ts'
import type {
  SidecarClient,
  WorkspaceEvents,
  WorkspaceHead,
  WorkspaceRef,
  Workspaces,
} from '#server/workspaces/workspaces.ts'

const POLL_MS = 5
const SIDECAR = join(import.meta.dirname, '../../mcp-sidecar/main.ts')
/** What the disk store under test signs its URLs with. */
export const SIGNING_KEY = Buffer.alloc(32, 7)

interface Composition {
  /** Puts something between the control plane and its sidecars. */
  wrap?: (client: SidecarClient) => SidecarClient
  log?: Log
}

/** A control plane's part in saving (store, internal API, clients), without the rest of it. */
export class ControlPlane implements AsyncDisposable {
  readonly folder: string
  readonly objectStore: ObjectStore
  readonly workspaces: Workspaces
  readonly tokens: Tokens
  readonly socket: string
  readonly repl: WorkspaceRef = { replId: newId(), ownerId: newId() }
  /** The generation that the state store would name; older ones are refused. */
  newestGeneration = 1
  /** Set to let every call that needs the store fail as one that is down does. */
  isStoreDown = false
  /** How long a call to a sidecar may take. */
  patienceMs = 60_000
  /** Set to commit, and then break the connection instead of answering. */
  losesCommitAnswers = false
  readonly commits: WorkspaceHead[] = []
  /** Every path that sidecars asked for. */
  readonly asked: string[] = []
  /** Who asked for the head. A sidecar that warms up asks without a token. */
  readonly headTokens: string[] = []
  readonly reports: Parameters<WorkspaceEvents['reported']>[1][] = []
  readonly sockets = new Map<string, string>()
  readonly sidecar: SidecarClient
  readonly #server: Server

  readonly #log: Log

  private constructor(
    folder: string,
    { objectStore, wrap, log }: Required<Composition> & { objectStore: ObjectStore },
  ) {
    this.folder = folder
    this.objectStore = objectStore
    this.#log = log
    this.workspaces = createWorkspaces({ objectStore })
    this.tokens = createTokens(newSigningKey())
    this.socket = join(folder, 'control.sock')
    this.sidecar = wrap(
      createSidecarClient({
        tokens: this.tokens,
        orchestrator: {
          dial: async (sandboxId) => {
            const connection = connect(this.sockets.get(sandboxId) ?? '')
            await once(connection, 'connect')
            return connection
          },
        },
      }),
    )
    this.#server = this.#serve()
  }

  /** Over the store that `openStore` opens, in a new folder if it needs one. */
  static async start(
    openStore: (folder: string) => Promise<ObjectStore>,
    { wrap = (client) => client, log = createLog({ level: 'error', format: 'text' }) }: Composition = {},
  ): Promise<ControlPlane> {
    const folder = await mkdtemp('/tmp/devex-workspaces-')
    const objectStore = await openStore(join(folder, 'objects'))
    const controlPlane = new ControlPlane(folder, { objectStore, wrap, log })
    controlPlane.#server.listen(controlPlane.socket)
    await once(controlPlane.#server, 'listening')
    return controlPlane
  }

  async adopt(sandbox: Sandbox, overrides: Partial<AdoptRequest> = {}): Promise<AdoptProgress[]> {
    const lines: AdoptProgress[] = []
    const generation = overrides.generation ?? this.newestGeneration
    const request: AdoptRequest = {
      sandbox: sandbox.id,
      repl: this.repl.replId,
      replName: 'test',
      generation,
      token: await this.tokens.generation({ sandbox: sandbox.id, repl: this.repl.replId, generation }),
      restore: true,
      run: { command: 'true' },
      isolation: 'none',
      diskLimitBytes: 1024 ** 3,
      ...overrides,
    }
    await this.sidecar.adopt(request, (line) => lines.push(line), AbortSignal.timeout(this.patienceMs))
    return lines
  }

  /** The last line of a save. */
  save(sandbox: Sandbox): Promise<SaveProgress | undefined> {
    return this.#saving((onProgress) =>
      this.sidecar.save({ sandboxId: sandbox.id }, onProgress, AbortSignal.timeout(this.patienceMs)),
    )
  }

  async restore(sandbox: Sandbox, request: RestoreRequest): Promise<RestoreProgress | undefined> {
    let last: RestoreProgress | undefined
    const onProgress = (line: RestoreProgress) => {
      last = line
    }
    await this.sidecar.restore({ sandboxId: sandbox.id, ...request }, onProgress, AbortSignal.timeout(this.patienceMs))
    return last
  }

  stop(sandbox: Sandbox): Promise<SaveProgress | undefined> {
    return this.#saving((onProgress) => this.sidecar.stop(sandbox.id, onProgress, AbortSignal.timeout(this.patienceMs)))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await rm(this.folder, { recursive: true, force: true })
  }

  async #saving(work: (onProgress: (line: SaveProgress) => void) => Promise<void>): Promise<SaveProgress | undefined> {
    let last: SaveProgress | undefined
    await work((line) => {
      last = line
    })
    return last
  }

  #serve(): Server {
    const api = createInternalApi({
      objectStore: this.objectStore,
      tokens: this.tokens,
      events: {
        authorize: (claims) => this.#authorize(claims),
        committed: async (_claims, head) => void this.commits.push(head),
        reported: async (_claims, report) => void this.reports.push(report),
      },
      log: this.#log,
    })
    return createServer((request, response) => {
      this.asked.push(request.url ?? '')
      const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
      if (request.url === INTERNAL_ROUTES.head && token !== undefined) this.headTokens.push(token)
      if (this.isStoreDown && request.url !== INTERNAL_ROUTES.report) {
        response.writeHead(503).end()
        return
      }
      if (request.url?.startsWith(INTERNAL_ROUTES.objects)) {
        void serveDiskObject({ store: this.objectStore, signingKey: SIGNING_KEY }, request, response)
        return
      }
      if (this.losesCommitAnswers && request.url === INTERNAL_ROUTES.commit) {
        this.losesCommitAnswers = false
        response.end = () => response.destroy()
      }
      api(request, response)
    })
  }

  async #authorize(claims: GenerationClaims) {
    if (claims.generation < this.newestGeneration) throw new AppError('conflict', 'This generation is over.')
    return this.repl
  }
}

/** A real sidecar process on a volume of its own, with a stand-in for its runner that records what it is asked. */
export class Sandbox implements AsyncDisposable {
  readonly id = newSandboxId()
  readonly folder: string
  readonly workspace: string
  readonly home: string
  readonly runnerCalls: { path: string; body: string }[] = []
  readonly #controlPlane: ControlPlane
  readonly #runner: Server
  #isOpened = false
  #errors = ''
  #process: ChildProcess | undefined
  #changes: ((path: string) => void) | undefined

  readonly #program: string

  private constructor(folder: string, { controlPlane, program }: { controlPlane: ControlPlane; program: string }) {
    this.folder = folder
    this.#program = program
    this.workspace = join(folder, 'volume/workspace')
    this.home = join(folder, 'volume/home')
    this.#controlPlane = controlPlane
    this.#runner = this.#serveRunner()
    controlPlane.sockets.set(this.id, join(folder, 'sidecar.sock'))
  }

  /** `program`: the sidecar's, such as a bundle of it. */
  static async start(controlPlane: ControlPlane, program = SIDECAR): Promise<Sandbox> {
    const folder = await mkdtemp('/tmp/devex-sandbox-')
    const sandbox = new Sandbox(folder, { controlPlane, program })
    await mkdir(sandbox.workspace, { recursive: true })
    await mkdir(sandbox.home, { recursive: true })
    sandbox.#runner.listen(join(folder, 'runner.sock'))
    await once(sandbox.#runner, 'listening')
    await sandbox.startSidecar()
    return sandbox
  }

  async startSidecar(): Promise<void> {
    const settings = {
      SIDECAR_SOCKET: join(this.folder, 'sidecar.sock'),
      RUNNER_SOCKET: join(this.folder, 'runner.sock'),
      VOLUME_DIR: join(this.folder, 'volume'),
      STATE_DIR: join(this.folder, 'state'),
      CONTROL_SOCKET: this.#controlPlane.socket,
      CONTROL_PUBLIC_KEY: this.#controlPlane.tokens.publicKey.replaceAll('\n', String.raw`\n`),
      SANDBOX_ID: this.id,
      ...SIDECAR_MALLOC,
    }
    const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
    const child = spawn('env', [...assignments, process.execPath, ...NODE_FLAGS, this.#program], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    child.stderr?.on('data', (bytes: Buffer) => {
      this.#errors += bytes.toString('utf8')
    })
    for (;;) {
      const connection = connect(join(this.folder, 'sidecar.sock'))
      const isUp = await once(connection, 'connect').then(
        () => true,
        () => false,
      )
      connection.destroy()
      if (isUp) return
      await delay(POLL_MS)
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the sidecar ended: ${this.#errors}`)
    }
  }

  /** Of the sidecar. */
  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('no sidecar runs')
    return this.#process.pid
  }

  async killSidecar(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }

  async killRunner(): Promise<void> {
    this.#runner.closeAllConnections()
    this.#runner.close()
    await once(this.#runner, 'close')
  }

  /** What a runner that was restarted says. */
  forgetOpening(): void {
    this.#isOpened = false
  }

  /** Hints to the sidecar that something changed; waits until it listens. */
  async hint(path: string): Promise<void> {
    while (this.#changes === undefined) await delay(POLL_MS)
    this.#changes(path)
  }

  calls(path: string): number {
    return this.runnerCalls.filter((call) => call.path === path).length
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.killSidecar()
    this.#runner.closeAllConnections()
    this.#runner.close()
    // Folders of the trees under test forbid what removing needs.
    execFileSync('chmod', ['-R', 'u+rwx', this.folder])
    await rm(this.folder, { recursive: true, force: true })
  }

  #serveRunner(): Server {
    return createServer((request, response) => {
      let body = ''
      request.on('data', (part: Buffer) => {
        body += part.toString('utf8')
      })
      request.on('end', () => {
        const path = request.url ?? ''
        this.runnerCalls.push({ path, body })
        if (path === '/health')
          return response.end(JSON.stringify({ runner: 'r', opened: this.#isOpened, activeAt: 5 }))
        if (path === '/quiesce' || path === '/variables') return response.end('{}')
        if (path === '/open') {
          this.#isOpened = true
          return response.end('{"phase":"cloning","message":"Receiving objects"}\n{"phase":"done","names":["a.js"]}\n')
        }
        response.flushHeaders()
        this.#changes = (changed) => void response.write(`${JSON.stringify({ path: changed })}\n`)
      })
    })
  }
}
