import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { createConnections } from '#server/agents/connections.ts'
import type { Connections } from '#server/agents/connections.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { isAtLeast } from '#protocol/roles.ts'
import type { Role } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { AppError } from '#server/errors.ts'
import { startRunner } from '#server/gateway/_runner.ts'
import type { StandInRunner } from '#server/gateway/_runner.ts'
import { createGateway } from '#server/gateway/gateway.ts'
import type { Gateway } from '#server/gateway/gateway.ts'
import type { McpDeps } from '#server/gateway/mcp/create-mcp-door.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import type { GatewayDeps } from '#server/gateway/parts.ts'
import { createLog } from '#server/log.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import type { Access, Grant } from '#server/repls/repls.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

/** The gateway on a real HTTP server, before a stand-in application, with people, one repl and its runner. */
export interface Platform extends AsyncDisposable {
  gateway: Gateway
  runner: StandInRunner
  /** Where `dial` leads: the stand-in's socket unless a test has another runner, and a sidecar's. */
  sandbox: { socketPath: string; sidecarPath: string; id: string }
  /** What a runner checks tokens with. */
  publicKey: string
  port: number
  origin: string
  replId: string
  access: StandInAccess
  stateStore: StateStore
  /** Agents that were let in. */
  connections: Connections
  /** A signed-in person's cookie header, with that role in the repl. */
  person(role?: Role): { id: string; cookie: string }
  /** Somebody who came through a link without signing in. */
  guest(): { id: string; cookie: string }
  /** Signs a cookie out. */
  signOut(cookie: string): void
  /** `host[:port]` of a preview. */
  previewAuthority(port: number): string
  lifecycle: { starts: number; touches: number; isAsleep: boolean; start: () => Promise<void> }
  logLines: string[]
  /** How often it was asked whether a sign-in is still good. */
  asked: { holders: number }
}

/** Rights that a test changes as it goes. */
export interface StandInAccess extends Access {
  grants: Map<string, Grant>
  publicPorts: Set<number>
  /** Tells everyone subscribed that something changed. */
  changed(): void
  /** How many are subscribed. */
  subscriptions(): number
}

export async function startPlatform(
  limits: Partial<GatewayLimits> = {},
  agents: Partial<McpDeps> = {},
): Promise<Platform> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-gateway-'))
  const replId = newId()
  const tokens = createTokens(newSigningKey())
  const runner = await startRunner(join(folder, 'runner.sock'), tokens.publicKey)
  const stateStore = await openSqliteStateStore({ file: join(folder, 'state.sqlite') })
  const access = createStandInAccess(replId)
  const people = new Map<string, Principal>()
  const asked = { holders: 0 }
  const lifecycle = { starts: 0, touches: 0, isAsleep: false, start: () => Promise.resolve() }
  const logLines: string[] = []
  const sandbox = {
    socketPath: runner.socketPath,
    sidecarPath: join(folder, 'sidecar.sock'),
    id: newSandboxId(),
  }
  const sandboxId = sandbox.id
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const port = portOf(server)

  const log = createLog({ level: 'debug', format: 'json', write: (line) => void logLines.push(line) })
  const connections = createConnections({ stateStore, log, now: Date.now })
  const dial: Orchestrator['dial'] = (id, part) =>
    new Promise((resolve, reject) => {
      if (id !== sandbox.id) return reject(new AppError('not_found', `No sandbox ${id}.`))
      const socket = connect(part === 'runner' ? sandbox.socketPath : sandbox.sidecarPath, () => resolve(socket))
      socket.once('error', (cause) => reject(new AppError('unavailable', 'The sandbox is away.', { cause })))
    })
  const deps: GatewayDeps = {
    agents: {
      connections,
      accessTokens: { verify: () => Promise.reject(new AppError('unauthenticated', 'No such token.')) },
      userOf: async (userId) => people.get(userId),
      repls: unusedRepls,
      history: unusedHistory,
      callsPerMinute: 6000,
      metrics: { callEnded: () => {} },
      ...agents,
    },
    publicUrl: () => new URL(`http://localhost:${port}`),
    previewDomain: 'localhost',
    auth: {
      principalOf: async (cookies) => people.get(tokenIn(cookies)),
      signInOf: async (cookies) => ({ userId: tokenIn(cookies), signInId: tokenIn(cookies) }),
      holderOf: async ({ signInId }) => {
        asked.holders += 1
        return people.get(signInId)
      },
    },
    access,
    lifecycle: {
      ensureRunning: async (_replId, signal) => {
        lifecycle.starts += 1
        await Promise.race([
          lifecycle.start(),
          new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
        ])
        return { sandboxId, generation: 7 }
      },
      running: async () => (lifecycle.isAsleep ? undefined : { sandboxId, generation: 7 }),
      touch: () => void (lifecycle.touches += 1),
      stopAll: async () => {},
    },
    orchestrator: {
      isolation: () => unused(),
      probe: () => unused(),
      create: () => unused(),
      observe: () => unused(),
      list: () => unused(),
      get: () => unused(),
      label: () => unused(),
      portOf: () => unused(),
      revive: () => unused(),
      rescueSave: () => unused(),
      remove: () => unused(),
      dial,
      [Symbol.asyncDispose]: async () => {},
    },
    company: { join: () => () => undefined },
    runners: { take: (id) => dial(id, 'runner') },
    tokens,
    stateStore,
    previewKey: randomBytes(32),
    log,
    limits,
  }
  const gateway = createGateway(deps)
  mount(server, gateway)

  return {
    gateway,
    runner,
    sandbox,
    publicKey: tokens.publicKey,
    port,
    origin: `http://localhost:${port}`,
    replId,
    access,
    stateStore,
    connections,
    lifecycle,
    logLines,
    asked,
    previewAuthority: (previewPort) => `${previewPort}-${replId}.localhost:${port}`,
    person: (role) => {
      const id = newId()
      people.set(id, { kind: 'user', id, name: `Person ${id}`, hasAvatar: false, isAdmin: false })
      if (role !== undefined) access.grants.set(id, { role, via: { kind: 'owner' } })
      return { id, cookie: `next-auth.session-token=${id}` }
    },
    guest: () => {
      const id = newId()
      people.set(id, { kind: 'guest', id, name: 'Guest' })
      access.grants.set(id, { role: 'viewer', via: { kind: 'share', shareId: newId() } })
      return { id, cookie: `next-auth.session-token=${id}` }
    },
    signOut: (cookie) => void people.delete(cookie.slice(cookie.indexOf('=') + 1)),
    [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await runner[Symbol.asyncDispose]()
      await stateStore[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    },
  }
}

function tokenIn(cookies: string | null | undefined): string {
  return /next-auth\.session-token=(\w+)/.exec(cookies ?? '')?.[1] ?? ''
}

const unusedRepls: McpDeps['repls'] = {
  list: unused,
  get: unused,
  create: unused,
  rename: unused,
  keep: unused,
  keepAwake: unused,
  start: unused,
  stop: unused,
  delete: unused,
  restore: unused,
  setPortPublic: unused,
  watch: unused,
  watchList: unused,
}

const unusedHistory: McpDeps['history'] = {
  list: unused,
  checkpoint: unused,
  rename: unused,
  forget: unused,
  recall: unused,
  remove: unused,
  diff: unused,
  tree: unused,
  file: unused,
  restore: unused,
  fork: unused,
  archive: unused,
  requireRoom: unused,
  importZip: unused,
  ofSandbox: { list: unused, checkpoint: unused, restore: unused },
}

/** As `main.ts` does: the gateway is asked first, the rest is the application's. */
function mount(server: Server, gateway: Gateway): void {
  server.on('request', (request, response) => {
    if (gateway.handlesRequest(request)) void gateway.handleRequest(request, response)
    else response.end('the application')
  })
  server.on('upgrade', (request, socket, head) => {
    if (gateway.handlesUpgrade(request)) gateway.handleUpgrade(request, socket, head)
    else socket.destroy()
  })
}

function createStandInAccess(ofRepl: string): StandInAccess {
  const listeners = new Set<() => void>()
  const grants = new Map<string, Grant>()
  const publicPorts = new Set<number>()
  const grantOf = async (who: Principal | undefined, replId: string) =>
    who === undefined || replId !== ofRepl ? undefined : grants.get(who.id)
  return {
    grants,
    publicPorts,
    changed: () => {
      for (const listener of listeners) listener()
    },
    subscriptions: () => listeners.size,
    grantOf,
    require: async (who, replId, role) => {
      if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
      const grant = await grantOf(who, replId)
      if (grant === undefined) throw new AppError('not_found', 'There is no such REPL.')
      if (!isAtLeast(grant.role, role)) throw new AppError('forbidden', `That needs the role ${role}.`)
      return grant
    },
    onChange: async (_replId, listener) => {
      listeners.add(listener)
      return { [Symbol.asyncDispose]: async () => void listeners.delete(listener) }
    },
    isPortPublic: async (replId, port) => replId === ofRepl && publicPorts.has(port),
  }
}

/** The port that a listening server got. */
export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on a port.')
  return address.port
}

function unused(): never {
  throw new Error('The gateway does not call this.')
}
