import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { CallToolResult } from '@modelcontextprotocol/client'
import type { OpenRequest } from '#protocol/adoption.ts'
import type { AgentCall, AgentScope } from '#protocol/agents.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import type { Offer } from '../mcp/offer.ts'
import { serveEndpoint } from '../mcp/_conformance/serve.ts'
import type { ServedEndpoint } from '../mcp/_conformance/serve.ts'
import { tellChanges } from '../mcp/notices.ts'
import { createRunner } from '../runner-client.ts'
import { createRunnerApi } from '../runner/create-runner-api.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import { CallLog } from './call-log.ts'
import { Cursors } from './cursors.ts'
import { Turns } from './turns.ts'
import type { Checkpoint, ReplControl } from './repl-control.ts'
import { createReplOffer } from './repl-offer.ts'
import { Runs } from './runs.ts'

const RUNNER = fileURLToPath(import.meta.resolve('../../runner-image/main.ts'))
const START_MS = 20_000

/** A real runner in a process of its own, the endpoint before it, and a control plane that only remembers. */
export interface TestSandbox extends AsyncDisposable {
  workspace: string
  home: string
  /** What stands behind the endpoint. */
  offer: Offer
  served: ServedEndpoint
  runner: RunnerApi
  control: RememberingControl
  /** A client of the newer protocol, or of the older one. */
  connect(options?: ConnectOptions): Promise<TestAgent>
}

interface ConnectOptions {
  scopes?: AgentScope[]
  era?: 'auto' | 'legacy'
  connection?: string
  /** A person at the client: what they say to a question. */
  answer?: (message: string) => 'accept' | 'decline'
}

export class TestAgent implements AsyncDisposable {
  readonly client: Client

  constructor(client: Client) {
    this.client = client
  }

  /** Calls a tool; its text, and the rest of the result. */
  async call(name: string, args: Record<string, unknown> = {}): Promise<Called> {
    const result = await this.client.callTool({ name, arguments: args })
    const texts = result.content.flatMap((each) => (each.type === 'text' ? [each.text] : []))
    return { text: texts.join('\n'), record: result.structuredContent, isError: result.isError === true, result }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
  }
}

export interface Called {
  text: string
  record: unknown
  isError: boolean
  result: CallToolResult
}

export interface RememberingControl extends ReplControl {
  calls: AgentCall[]
  made: { reason: string; actor: string }[]
  stopped: string[]
  /** What a checkpoint waits for. */
  save: () => Promise<void>
}

/** `port`: the network is shared with others, and this one was given to it. */
export async function startSandbox({ port }: { port?: number } = {}): Promise<TestSandbox> {
  await using undo = new AsyncDisposableStack()
  const folder = await mkdtemp('/tmp/devex-tools-')
  undo.defer(() => rm(folder, { recursive: true, force: true }))
  const [workspace, home, socket] = [join(folder, 'workspace'), join(folder, 'home'), join(folder, 'r.sock')]
  await mkdir(workspace)
  await mkdir(home)
  const { publicKey } = generateKeyPairSync('ed25519')
  const sandbox = newSandboxId()
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', RUNNER], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      NODE_ENV: 'test',
      RUNNER_SOCKET: socket,
      CONTROL_PUBLIC_KEY: publicKey
        .export({ type: 'spki', format: 'pem' })
        .toString()
        .replaceAll('\n', String.raw`\n`),
      SANDBOX_ID: sandbox,
      WORKSPACE_DIR: workspace,
      HOME: home,
      PATH: '/usr/local/bin:/usr/bin:/bin',
    },
  })
  undo.defer(async () => {
    const exited = child.exitCode === null ? once(child, 'exit') : undefined
    child.kill()
    await exited
  })
  using opener = createRunner(socket)
  const request: OpenRequest = {
    sandbox,
    repl: newId(),
    replName: 'a repl',
    generation: 1,
    run: { command: '' },
    isolation: 'none',
    ...(port !== undefined && { port }),
    diskLimitBytes: 1e9,
  }
  await opener.open(request, { patienceMs: START_MS })
  const runner = createRunnerApi(join(dirname(socket), 'grpc.sock'))
  undo.use(runner)
  const control = rememberingControl()
  const log = undo.use(new CallLog({ report: (calls) => control.report(calls), onFailure: fail }))
  const room = { runner, control, cursors: new Cursors(), turns: new Turns(), runs: new Runs(control, fail), log }
  const offer = createReplOffer(() => room)
  const served = undo.use(await serveEndpoint([offer]))
  undo.use(tellChanges(runner, served.endpoint, () => undefined))
  const all = undo.move()
  return {
    workspace,
    home,
    offer,
    served,
    runner,
    control,
    connect: async ({ scopes, era = 'auto', connection = 'c1', answer } = {}) => {
      const token = await served.token(scopes, { connection })
      const capabilities = answer === undefined ? {} : { elicitation: { form: {} } }
      const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: era }, capabilities })
      if (answer !== undefined)
        client.setRequestHandler('elicitation/create', ({ params }) => ({ action: answer(params.message) }))
      const headers = { authorization: `Bearer ${token}` }
      await client.connect(new StreamableHTTPClientTransport(new URL(served.url), { requestInit: { headers } }))
      return new TestAgent(client)
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  }
}

function fail(message: string, error: unknown): never {
  throw new Error(message, { cause: error })
}

function rememberingControl(): RememberingControl {
  const checkpoints: Checkpoint[] = []
  const calls: AgentCall[] = []
  const made: RememberingControl['made'] = []
  const stopped: string[] = []
  const control: RememberingControl = {
    name: 'a repl',
    calls,
    made,
    stopped,
    save: async () => undefined,
    checkpoints: async () => checkpoints,
    checkpoint: async (what) => {
      await control.save()
      made.push(what)
      const checkpoint = { id: newId(), savedAt: Date.now(), files: 1, bytes: 1, ...what }
      checkpoints.push(checkpoint)
      return checkpoint
    },
    restore: async () => newId(),
    fileLink: async ({ path, method }) => ({ url: `https://devex.test/files/${path}?ticket=${method}` }),
    previewLink: async ({ port, path, access }) => ({ url: `https://p${port}.devex.test${path}`, access }),
    address: async () => 'https://devex.test/r/a',
    stop: async (user) => void stopped.push(user),
    report: async (told) => void calls.push(...told),
  }
  return control
}
