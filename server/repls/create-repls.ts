import type { SecretBox } from '#server/auth/secret-box.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { Standing } from '#server/auth/standing.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import type { Settings } from '#server/env.ts'
import type { Log } from '#server/log.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import type { Orchestrator, SandboxLimits } from '#server/orchestrator/orchestrator.ts'
import { createAccess } from '#server/repls/access.ts'
import { createCensus } from '#server/repls/census.ts'
import { createCollector } from '#server/repls/collector.ts'
import { createCompany } from '#server/repls/company.ts'
import type { Company } from '#server/repls/company.ts'
import { createDriver } from '#server/repls/driver.ts'
import { createHistory } from '#server/repls/history-calls.ts'
import type { History } from '#server/repls/history.ts'
import { createLifecycle } from '#server/repls/lifecycle.ts'
import { createQuotas } from '#server/repls/quotas.ts'
import { createRepls } from '#server/repls/repl-calls.ts'
import type { Access, Lifecycle, Repls, Shares } from '#server/repls/repls.ts'
import { createShares } from '#server/repls/shares.ts'
import { createSolitude } from '#server/repls/solitude.ts'
import { ANY_TEMPLATE, createSpares, isLocal } from '#server/repls/spares.ts'
import { limitsOf, runStart } from '#server/repls/start.ts'
import type { StartDeps } from '#server/repls/start.ts'
import { runStop } from '#server/repls/stop.ts'
import { createReplStore } from '#server/repls/store.ts'
import { createSweeper } from '#server/repls/sweep.ts'
import type { Sweeper } from '#server/repls/sweep.ts'
import { createTouches } from '#server/repls/touches.ts'
import { createVariables } from '#server/repls/variables.ts'
import type { Variables } from '#server/repls/variables.ts'
import { createWorkspaceEvents } from '#server/repls/workspace-events.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import type { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'
import type { WorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { SidecarClient, WorkspaceEvents, Workspaces } from '#server/workspaces/workspaces.ts'

/** What the domain takes from the settings. */
export type DomainLimits = Pick<
  Settings,
  | 'REPLS_PER_USER'
  | 'RUNNING_REPLS_PER_USER'
  | 'SPARE_SANDBOXES'
  | 'SPARE_TEMPLATES'
  | 'SANDBOX_MEMORY_BYTES'
  | 'SANDBOX_CPUS'
  | 'SANDBOX_PROCESSES'
  | 'SANDBOX_DISK_BYTES'
  | 'IDLE_STOP_MINUTES'
  | 'ALLOW_UNISOLATED'
>

export interface DomainDeps {
  stateStore: StateStore
  orchestrator: Orchestrator
  workspaces: Workspaces
  history: WorkspaceHistory
  sidecar: SidecarClient
  runners: Pick<ConnectionsAhead, 'make'>
  templates: Templates
  tokens: Tokens
  /** Seals what people set for their programs to know. */
  box: Pick<SecretBox, 'seal' | 'open'>
  /** Who somebody is now: asked at the earliest when a repl starts. */
  standing: Pick<Standing, 'lookUp'>
  /** Called with sweeps: puts back the keys that a state store which was emptied has lost. */
  keepKeys: () => Promise<void>
  limits: DomainLimits
  metrics: Metrics
  log: Log
  /** Milliseconds since the epoch. */
  now?: () => number
}

/** Disposing ends its timers and its part in starts and stops; sandboxes go on, and another control plane takes over. */
export interface Domain extends AsyncDisposable {
  repls: Repls
  history: History
  lifecycle: Lifecycle
  access: Access
  company: Company
  shares: Shares
  variables: Variables
  workspaceEvents: WorkspaceEvents
  sweeper: Sweeper
  /** Who a `devex.guest` cookie belongs to. */
  resolveGuest: (cookieValue: string) => Promise<Principal | undefined>
}

export function createDomain(deps: DomainDeps): Domain {
  const { stateStore, orchestrator, workspaces, templates, limits, metrics, log, now = Date.now } = deps
  const quotas = createQuotas(stateStore, {
    replsPerUser: limits.REPLS_PER_USER,
    runningReplsPerUser: limits.RUNNING_REPLS_PER_USER,
  })
  const store = createReplStore(stateStore, quotas, log)
  const solitude = createSolitude({
    orchestrator,
    standing: deps.standing,
    allowUnisolated: limits.ALLOW_UNISOLATED,
  })
  const access = createAccess({ stateStore, store, solitude, now })
  const shares = createShares({ stateStore, store, access, log, now })
  const variables = createVariables({
    stateStore,
    box: deps.box,
    store,
    access,
    sidecar: deps.sidecar,
    log,
    now,
  })

  const census = createCensus(orchestrator, {
    log,
    onChange: (sandbox) => {
      spares.refill()
      if (sandbox === undefined || sandbox.state === 'dead') sweeper.hint()
    },
  })
  const idleStopMs = limits.IDLE_STOP_MINUTES * 60_000
  const sandboxLimits = sandboxLimitsOf(limits)
  const sparePlan = isLocal(orchestrator)
    ? new Map([[ANY_TEMPLATE, limits.SPARE_SANDBOXES]])
    : new Map(Object.entries(limits.SPARE_TEMPLATES))
  const spares = createSpares({
    orchestrator,
    sandboxes: census.all,
    limitsOf: (template) => limitsOf(templates, template, sandboxLimits),
    plan: sparePlan,
    log,
    now,
  })

  const startDeps: StartDeps = {
    orchestrator,
    sidecar: deps.sidecar,
    workspaces,
    templates,
    tokens: deps.tokens,
    variables,
    spares,
    runners: deps.runners,
    sandboxLimits,
    metrics,
    log,
    now,
    onCloned: async (replId, names) => {
      const { template, run } = templates.guess(names)
      await store.update(replId, (repl) => ({ ...repl, template, run }))
    },
  }
  const driver = createDriver({
    stateStore,
    store,
    log,
    start: (work) => runStart(startDeps, work),
    stop: (work) => runStop(startDeps, work),
  })
  const { level } = orchestrator.isolation()
  if (level === 'none') {
    log.warn('sandboxes are not isolated: what a REPL runs can do all that the user of this server can', {
      startsBy: solitude.isKept ? 'administrator' : 'everybody',
    })
  }
  const touches = createTouches({ store, log, now })
  const lifecycle = createLifecycle({ stateStore, store, driver, spares, touches, solitude, log, now })
  const sweeper = createSweeper({
    stateStore,
    store,
    orchestrator,
    workspaces,
    driver,
    lifecycle,
    shares,
    variables,
    onPass: spares.refill,
    keepKeys: deps.keepKeys,
    sparePlan,
    idleStopMs,
    metrics,
    log,
    now,
  })

  const company = createCompany({ stateStore, log, now })
  const repls = createRepls({
    stateStore,
    store,
    quotas,
    access,
    solitude,
    company,
    lifecycle,
    driver,
    workspaces,
    templates,
    orchestrator,
    idleStopMs,
    log,
    now,
  })

  const collector = createCollector({ stateStore, store, workspaces, log })

  return {
    repls,
    history: createHistory({
      store,
      access,
      sidecar: deps.sidecar,
      history: deps.history,
      create: (who, made) => repls.createFilled(who, made),
      requireRoom: (who) => repls.requireRoom(who),
      importLimitBytes: limits.SANDBOX_DISK_BYTES,
    }),
    lifecycle,
    access,
    company,
    shares,
    variables,
    workspaceEvents: createWorkspaceEvents({ store, now }),
    sweeper,
    resolveGuest: shares.resolveGuest,
    [Symbol.asyncDispose]: async () => {
      company[Symbol.dispose]()
      await Promise.all([
        collector[Symbol.asyncDispose](),
        sweeper[Symbol.asyncDispose](),
        census[Symbol.asyncDispose](),
      ])
      await spares[Symbol.asyncDispose]()
      await driver[Symbol.asyncDispose]()
    },
  }
}

function sandboxLimitsOf(limits: DomainLimits): SandboxLimits {
  return {
    memoryBytes: limits.SANDBOX_MEMORY_BYTES,
    cpus: limits.SANDBOX_CPUS,
    processes: limits.SANDBOX_PROCESSES,
    diskBytes: limits.SANDBOX_DISK_BYTES,
  }
}
