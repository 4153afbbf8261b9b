import type { Role } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import { bestGrant, isOwner } from '#server/repls/access.ts'
import type { Company } from '#server/repls/company.ts'
import { createRepl } from '#server/repls/create.ts'
import type { Driver } from '#server/repls/driver.ts'
import type { Lives } from '#server/repls/lifecycle.ts'
import { MAX_PUBLIC_PORTS } from '#server/repls/limits.ts'
import type { Quotas } from '#server/repls/quotas.ts'
import { isMoving, kept } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { transition } from '#server/repls/repl.ts'
import type { Access, Grant, Repls } from '#server/repls/repls.ts'
import { liveSharesOf } from '#server/repls/share-records.ts'
import type { Solitude } from '#server/repls/solitude.ts'
import { noSuchRepl } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import { viewOf } from '#server/repls/view-of.ts'
import { watchRepl, watchRepls } from '#server/repls/watch.ts'
import type { PersonView, ReplView } from '#server/repls/views.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { WorkspaceRef, Workspaces } from '#server/workspaces/workspaces.ts'

/** What a repl is that was made from files alone. */
const TEMPLATE_OF_FILES = 'empty'

interface ReplsDeps {
  stateStore: StateStore
  store: ReplStore
  quotas: Quotas
  access: Access
  solitude: Solitude
  company: Pick<Company, 'of'>
  lifecycle: Lives
  driver: Driver
  workspaces: Workspaces
  templates: Templates
  orchestrator: Orchestrator
  idleStopMs: number
  log: Log
  now: () => number
}

/** `Repls`, and what the history makes repls with. */
export interface ReplCalls extends Repls {
  createFilled(
    who: Principal,
    made: { name?: string; from?: Repl; fill: (repl: WorkspaceRef) => Promise<void> },
  ): Promise<ReplView>
  /** `quota_exceeded` where one more could not be made now. */
  requireRoom(who: Principal): Promise<void>
}

export function createRepls(deps: ReplsDeps): ReplCalls {
  const { stateStore, store, access, lifecycle, now } = deps

  const show = (repl: Repl, role: Role) =>
    viewOf(repl, { role, isolation: deps.orchestrator.isolation(), idleStopMs: deps.idleStopMs })

  /** Does `act` as somebody who has `role`, and shows what came of it. */
  const as = async (
    who: Principal,
    { replId, role }: { replId: string; role: Role },
    act: (replId: string) => Promise<Repl>,
  ): Promise<ReplView> => {
    const grant = await access.require(who, replId, role)
    return show(await act(replId), grant.role)
  }

  const look = async (who: Principal, replId: string) => {
    const grant = await access.grantOf(who, replId)
    const repl = grant === undefined ? undefined : await store.get(replId)
    return grant === undefined || repl === undefined ? undefined : { view: show(repl, grant.role), until: endOf(grant) }
  }

  const list = async (who: Principal) => {
    const [own, shares] = await Promise.all([
      who.kind === 'user' ? store.ofOwner(who.id) : [],
      liveSharesOf(stateStore, { personId: who.id, now: now() }),
    ])
    const shared = await store.getMany([...new Set(shares.map(({ replId }) => replId))])
    const views = shared.flatMap((repl) => {
      const grant = bestGrant(
        who,
        shares.filter(({ replId }) => replId === repl.id),
        deps.solitude,
      )
      return grant === undefined || repl.state.kind === 'deleted' || isOwner(who, repl) ? [] : [show(repl, grant.role)]
    })
    const all = [...own.map((repl) => show(repl, 'owner')), ...views]
    const running = all.filter(({ state }) => state.kind === 'running')
    const company = await deps.company.of(running.map(({ id }) => id))
    return all
      .map((view) =>
        withPeople(
          view,
          company.get(view.id)?.filter(({ id }) => id !== who.id),
        ),
      )
      .toSorted((a, b) => b.lastUsedAt - a.lastUsedAt)
  }

  const create = async (who: Principal, input: Parameters<typeof createRepl>[2]) => {
    if (who.kind !== 'user') throw new AppError('forbidden', 'Sign in to create a REPL of your own.')
    deps.solitude.requireAsker(who)
    const beganAt = performance.now()
    const repl = await createRepl(deps, who, input)
    if (isMoving(repl)) deps.driver.drive(repl.id)
    const ms = Math.round(performance.now() - beganAt)
    deps.log.info('created a REPL', { repl: repl.id, template: repl.template, source: repl.source.kind, ms })
    return show(repl, 'owner')
  }

  const watchDeps = { stateStore, look, list, now }
  const change = async (replId: string, changed: (repl: Repl) => Repl) => (await store.update(replId, changed)).repl

  return {
    list,

    get: async (who, replId) => {
      const seen = await look(who, replId)
      if (seen === undefined) throw noSuchRepl()
      return seen.view
    },

    create,

    requireRoom: (who) => deps.quotas.requireRoom(who.id, now()),

    createFilled: (who, { name, from, fill }) =>
      create(who, {
        ...(name !== undefined && { name }),
        source: { kind: 'template', template: from?.template ?? TEMPLATE_OF_FILES },
        filling: {
          fill,
          ...(from !== undefined && { name: from.name, ...(from.run !== undefined && { run: from.run }) }),
        },
      }),

    rename: (who, replId, name) =>
      as(who, { replId, role: 'owner' }, () => change(replId, (repl) => ({ ...repl, name }))),

    keep: (who, replId) => as(who, { replId, role: 'owner' }, () => change(replId, kept)),

    keepAwake: (who, replId, minutes) =>
      as(who, { replId, role: 'editor' }, () =>
        change(replId, (repl) => {
          const { awakeUntil: _, ...sleepy } = repl
          return minutes > 0 ? { ...sleepy, awakeUntil: now() + minutes * 60_000 } : sleepy
        }),
      ),

    start: (who, replId) =>
      as(who, { replId, role: 'editor' }, () => {
        deps.solitude.requireAsker(who)
        return lifecycle.start(replId)
      }),
    stop: (who, replId) => as(who, { replId, role: 'editor' }, lifecycle.stop),

    delete: async (who, replId) => {
      await as(who, { replId, role: 'owner' }, lifecycle.delete)
    },

    restore: (who, replId) =>
      as(who, { replId, role: 'owner' }, async () => {
        const { repl, refusal } = await store.update(replId, (current) =>
          transition(current, { type: 'restore-asked', at: now() }),
        )
        if (refusal !== undefined) throw new AppError('conflict', refusal.message)
        deps.log.info('restored a deleted REPL', { repl: replId, generation: repl.generation })
        return repl
      }),

    setPortPublic: (who, replId, { port, isPublic }) =>
      as(who, { replId, role: 'owner' }, () =>
        change(replId, (repl) => {
          const others = repl.publicPorts.filter((other) => other !== port)
          if (isPublic && others.length >= MAX_PUBLIC_PORTS) {
            throw new AppError('quota_exceeded', `At most ${MAX_PUBLIC_PORTS} ports can be public.`)
          }
          return { ...repl, publicPorts: isPublic ? [...others, port].toSorted((a, b) => a - b) : others }
        }),
      ),

    watch: async function* (who, replId, signal) {
      // An unknown repl is `not_found` at once; only what is lost later ends with `forbidden`.
      await access.require(who, replId, 'viewer')
      yield* watchRepl(watchDeps, who, { replId, signal })
    },

    watchList: (who, signal) => watchRepls(watchDeps, who, signal),
  }
}

function endOf(grant: Grant): number | undefined {
  return grant.via.kind === 'share' ? grant.via.expiresAt : undefined
}

function withPeople(view: ReplView, people: PersonView[] = []): ReplView {
  return people.length === 0 ? view : { ...view, people }
}
