import { generateKeyPairSync } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import type { OpenRequest } from '#protocol/adoption.ts'
import { openProgressSchema } from '#protocol/adoption.ts'
import type { OpenProgress } from '#protocol/adoption.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import type { Role } from '#protocol/roles.ts'
import { TestClient } from './_client.ts'
import { readEnv } from './env.ts'
import { createLog } from './log.ts'
import { startRunner } from './runner.ts'

export interface HttpAnswer {
  status: number
  headers: IncomingHttpHeaders
  body: Buffer
}

interface HttpOptions {
  headers?: OutgoingHttpHeaders
  body?: string | Uint8Array
}

type ClaimOverrides = Partial<{
  aud: string
  sub: string
  actor: string
  repl: string
  generation: number
  exp: number
  role: Role
}>

/** A runner in this process, with a workspace and a HOME in a temporary folder, opened unless said otherwise. */
export interface Fixture extends AsyncDisposable {
  workspace: string
  home: string
  socket: string
  repl: string
  logged: string[]
  token(role?: Role, overrides?: ClaimOverrides): Promise<string>
  connect(role?: Role): Promise<TestClient>
  /** `path` is sent exactly as it is written. */
  http(method: string, path: string, options?: HttpOptions): Promise<HttpAnswer>
  open(overrides?: Partial<OpenRequest>): Promise<OpenProgress[]>
}

interface FixtureOptions {
  open?: Partial<OpenRequest> | false
  /** Where HOME is made, if not beside the workspace. */
  homeBelow?: string
}

export async function startFixture(options: FixtureOptions = {}): Promise<Fixture> {
  const folder = await mkdtemp('/tmp/devex-runner-')
  const [workspace, socket] = [join(folder, 'workspace'), join(folder, 'r.sock')]
  const home = await mkdtemp(join(options.homeBelow ?? folder, 'home-'))
  await mkdir(workspace)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const repl = newId()
  const logged: string[] = []
  const env = readEnv({
    RUNNER_SOCKET: socket,
    CONTROL_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString().replaceAll('\n', '\\n'),
    SANDBOX_ID: newSandboxId(),
    WORKSPACE_DIR: workspace,
    HOME: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
  })
  const runner = await startRunner({ env, log: createLog((line) => logged.push(line)), ownsNamespace: false })

  const fixture: Fixture = {
    workspace,
    home,
    socket,
    repl,
    logged,
    token: async (role = 'owner', overrides = {}) => {
      const claims = { sub: newId(), repl, generation: 1, role, actor: `the ${role}`, aud: 'runner', ...overrides }
      const token = new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA' })
      if (overrides.exp === undefined) token.setExpirationTime('60s')
      return token.sign(privateKey)
    },
    connect: async (role) => {
      const client = await TestClient.connect(socket, await fixture.token(role))
      await client.event('hello')
      return client
    },
    http: async (method, path, { headers, body } = {}) => call({ socketPath: socket, method, path, headers }, body),
    open: async (overrides = {}) => {
      const request: OpenRequest = {
        sandbox: env.SANDBOX_ID,
        repl,
        replName: 'a repl',
        generation: 1,
        run: { command: '' },
        isolation: 'none',
        diskLimitBytes: 1e9,
        ...overrides,
      }
      const { body, status } = await fixture.http('POST', '/open', { body: JSON.stringify(request) })
      if (status !== 200) throw new Error(`HTTP ${status}: ${body.toString()}`)
      return body
        .toString()
        .trim()
        .split('\n')
        .map((line) => openProgressSchema.parse(JSON.parse(line)))
    },
    [Symbol.asyncDispose]: async () => {
      await runner[Symbol.asyncDispose]()
      await rm(home, { recursive: true, force: true })
      await rm(folder, { recursive: true, force: true })
    },
  }
  if (options.open !== false) await fixture.open(options.open)
  return fixture
}

interface Call {
  socketPath: string
  method: string
  path: string
  headers: OutgoingHttpHeaders | undefined
}

async function call({ headers, ...options }: Call, body: string | Uint8Array = ''): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...options, ...(headers !== undefined && { headers }) }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      )
    })
    request.on('error', reject)
    request.end(body)
  })
}
