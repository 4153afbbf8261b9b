import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import type { Principal } from '#server/auth/principal.ts'
import { createStanding } from '#server/auth/standing.ts'
import type { Standing } from '#server/auth/standing.ts'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { createUsers } from '#server/auth/users.ts'
import { createLog } from '#server/log.ts'
import { createMetrics } from '#server/metrics/metrics.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import { World, noHistory, standInTemplates } from '#server/repls/_stand-ins.ts'
import { createDomain } from '#server/repls/create-repls.ts'
import type { Domain, DomainDeps, DomainLimits } from '#server/repls/create-repls.ts'
import { LISTEN_MS } from '#server/repls/limits.ts'
import type { ReplView } from '#server/repls/views.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import type { WorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'

type User = Extract<Principal, { kind: 'user' }>

export function user(name: string): User {
  return { kind: 'user', id: newId(), name, hasAvatar: false, isAdmin: false }
}

/** How long a test waits for what should come. */
const PATIENCE_MS = 15_000

const GIB = 1024 ** 3

const LIMITS: DomainLimits = {
  REPLS_PER_USER: 20,
  RUNNING_REPLS_PER_USER: 20,
  SPARE_SANDBOXES: 0,
  SPARE_TEMPLATES: {},
  SANDBOX_MEMORY_BYTES: GIB,
  SANDBOX_CPUS: 1,
  SANDBOX_PROCESSES: 100,
  SANDBOX_DISK_BYTES: GIB,
  IDLE_STOP_MINUTES: 30,
  ALLOW_UNISOLATED: false,
}

/** A domain on a real state store in a folder of its own, over stand-ins at its other ports. */
export interface TestBed extends AsyncDisposable {
  world: World
  domain: Domain
  stateStore: StateStore
  /** A further control plane over the same sandboxes, with a connection of its own to the same store: hints do not cross. */
  another(limits?: Partial<DomainLimits>, administrator?: string): Promise<Domain>
  /** Lets the clock of every domain jump. */
  advance(ms: number): void
  now(): number
  /** What was logged at info and above. */
  lines: string[]
  /** Of the first control plane. */
  metrics: Metrics
}

type Open = (options: { file: string }) => Promise<StateStore>

/** `open` is handed in by the test: only tests may choose an adapter. */
export async function openTestBed(
  open: Open,
  {
    limits = {},
    world = new World(),
    history = noHistory,
    administrator,
  }: { limits?: Partial<DomainLimits>; world?: World; history?: WorkspaceHistory; administrator?: string } = {},
): Promise<TestBed> {
  const folder = mkdtempSync(join(tmpdir(), 'devex-domain-'))
  await using opened = new AsyncDisposableStack()
  opened.defer(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'state.sqlite')
  const stateStore = opened.use(await open({ file }))
  const lines: string[] = []
  let skew = 0
  const now = () => Date.now() + skew
  const metrics = createMetrics()
  const deps: DomainDeps = {
    stateStore,
    orchestrator: world.orchestrator,
    workspaces: world.workspaces,
    history,
    sidecar: world.sidecar,
    runners: { make: async (id) => void world.connectedAhead.push(id) },
    templates: standInTemplates(),
    tokens: createTokens(newSigningKey()),
    box: createSecretBox('a secret of tests, long enough'),
    keepKeys: async () => void (world.keysKept += 1),
    standing: standingBy(stateStore, administrator),
    limits: { ...LIMITS, ...limits },
    metrics,
    log: createLog({ level: 'info', format: 'text', write: (line) => lines.push(line) }),
    now,
  }
  const domain = opened.use(createDomain(deps))
  const owned = opened.move()
  return {
    world,
    domain,
    stateStore,
    another: async (own = {}, administrator) => {
      const ownStore = owned.use(await open({ file }))
      return owned.use(
        createDomain({
          ...deps,
          stateStore: ownStore,
          standing: standingBy(ownStore, administrator),
          limits: { ...deps.limits, ...own },
          metrics: createMetrics(),
        }),
      )
    },
    advance: (ms) => {
      skew += ms
    },
    now,
    lines,
    metrics,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** Everybody is let in, and the administrator is whom the settings name. */
function standingBy(stateStore: StateStore, admin: string | undefined): Standing {
  const github = {
    clientId: 'id',
    clientSecret: 'secret',
    url: 'https://github.invalid',
    apiUrl: 'https://github.invalid',
    allowedUsers: [],
    allowedOrgs: [],
    allowAnyone: true,
    admin,
  }
  return createStanding({ users: createUsers(stateStore), github, members: undefined })
}

/** Looks until what is read is as expected: a slow machine is no failure. */
export function eventually<T>(read: () => T) {
  return expect.poll(read, { timeout: PATIENCE_MS, interval: 10 })
}

/** After a jump of the clock a first pass only begins to listen for sandboxes that work; the second stops those that do not. */
export async function sweepIdle({ domain, advance }: Pick<TestBed, 'domain' | 'advance'>): Promise<void> {
  await domain.sweeper.sweep()
  advance(LISTEN_MS)
  await domain.sweeper.sweep()
}

/** The first view of a repl that is in one of the states. */
export async function reached(
  domain: Domain,
  who: Principal,
  { replId, kinds }: { replId: string; kinds: ReplView['state']['kind'][] },
): Promise<ReplView> {
  const limit = AbortSignal.timeout(PATIENCE_MS)
  for await (const view of domain.repls.watch(who, replId, limit)) {
    if (kinds.includes(view.state.kind)) return view
  }
  const now = await domain.repls.get(who, replId)
  throw new Error(`it is ${JSON.stringify(now.state)}, not ${kinds.join(' or ')}`)
}
