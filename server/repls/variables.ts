import { z } from 'zod'
import { opaqueIdSchema } from '#protocol/ids.ts'
import { MAX_VARIABLES, MAX_VARIABLES_BYTES } from '#protocol/variables.ts'
import type { Variables as Values } from '#protocol/variables.ts'
import type { Principal } from '#server/auth/principal.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { fromRecord } from '#server/repls/json.ts'
import { TELL_VARIABLES_MS } from '#server/repls/limits.ts'
import { sandboxOf } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import type { Access } from '#server/repls/repls.ts'
import { retryConflicts } from '#server/repls/retry.ts'
import { noSuchRepl } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { VariableView } from '#server/repls/views.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import type { SidecarClient } from '#server/workspaces/workspaces.ts'

/** Whose variables: a repl's, or those of the asker's account, which all repls of theirs have. */
export type VariableScope = { replId: string } | 'account'

/** After a change. `isTold`: whether what runs was told, so that what it starts from now on has it. */
export interface ChangedVariables {
  variables: VariableView[]
  isTold: boolean
}

/**
 * Environment variables that people set. Their values lie sealed in the state store, go into sandboxes at their adoption
 * and when they change, and to no page. A repl's editors may read the names: its shells tell them the values anyway.
 */
export interface Variables {
  list(who: Principal, scope: VariableScope): Promise<VariableView[]>
  /** Adds and replaces. The owner of the repl only. */
  set(who: Principal, scope: VariableScope, values: Values): Promise<ChangedVariables>
  remove(who: Principal, scope: VariableScope, name: string): Promise<ChangedVariables>
}

/** What the domain asks of them. */
export interface KeptVariables extends Variables {
  /** What a sandbox of this repl gets: its owner's, and before them its own. */
  of(repl: Repl): Promise<Values>
  /** Forgets those of a repl that is purged. */
  forget(replId: string): Promise<void>
}

interface VariablesDeps {
  stateStore: StateStore
  box: Pick<SecretBox, 'seal' | 'open'>
  store: ReplStore
  access: Access
  sidecar: Pick<SidecarClient, 'setVariables'>
  log: Log
  now: () => number
}

const recordSchema = z.object({ format: z.literal(1), sealed: z.string() })
const keptSchema = z.record(
  z.string(),
  z.object({ value: z.string(), changedAt: z.number(), by: z.object({ id: opaqueIdSchema, name: z.string() }) }),
)
type Kept = z.output<typeof keptSchema>

export function createVariables(deps: VariablesDeps): KeptVariables {
  const { stateStore, box, store, access, sidecar, log, now } = deps

  const read = async (key: string): Promise<{ kept: Kept; version: string | undefined }> => {
    const record = await stateStore.get(key)
    if (record === undefined) return { kept: {}, version: undefined }
    const { sealed } = fromRecord(recordSchema, record)
    return { kept: keptSchema.parse(JSON.parse(box.open(key, sealed))), version: record.version }
  }

  const change = (key: string, edit: (kept: Kept) => Kept) =>
    retryConflicts(async () => {
      const { kept, version } = await read(key)
      const next = edit(kept)
      requireRoom(next)
      const expected = version === undefined ? ('absent' as const) : { version }
      await stateStore.put(key, { format: 1, sealed: box.seal(key, JSON.stringify(next)) }, { expected })
      return next
    })

  const of = async ({ id, owner }: Pick<Repl, 'id' | 'owner'>): Promise<Values> => {
    const [account, own] = await Promise.all([read(accountKey(owner.id)), read(replKey(id))])
    return { ...valuesOf(account.kept), ...valuesOf(own.kept) }
  }

  /** Whether all that runs of them knows by now. Who is starting has read them, or will not be told: then it is false. */
  const tell = async (repls: readonly Repl[]): Promise<boolean> => {
    const awake = repls.filter(({ state }) => state.kind === 'running' || state.kind === 'starting')
    const told = await Promise.all(
      awake.map(async (repl) => {
        const sandboxId = sandboxOf(repl)
        if (sandboxId === undefined || repl.state.kind !== 'running') return false
        try {
          await sidecar.setVariables(sandboxId, await of(repl), AbortSignal.timeout(TELL_VARIABLES_MS))
          return true
        } catch (error) {
          log.warn('a sandbox was not told of changed variables', { repl: repl.id, error: String(error) })
          return false
        }
      }),
    )
    return !told.includes(false)
  }

  /** Where they are kept, and whom they concern, once it is sure that `who` may change them. */
  const own = async (who: Principal, scope: VariableScope): Promise<{ key: string; repls: () => Promise<Repl[]> }> => {
    if (scope === 'account') return { key: accountKey(requireUser(who)), repls: () => store.ofOwner(who.id) }
    const { replId } = scope
    await access.require(who, replId, 'owner')
    const repls = async () => {
      const repl = await store.get(replId)
      if (repl === undefined) throw noSuchRepl()
      return [repl]
    }
    return { key: replKey(replId), repls }
  }

  const changed = async (who: Principal, scope: VariableScope, edit: (kept: Kept) => Kept) => {
    const { key, repls } = await own(who, scope)
    const next = await change(key, edit)
    return { variables: viewsOf(next), isTold: await tell(await repls()) }
  }

  return {
    of,
    forget: async (replId) => stateStore.delete(replKey(replId), 'any'),

    list: async (who, scope) => {
      if (scope === 'account') return viewsOf((await read(accountKey(requireUser(who)))).kept)
      await access.require(who, scope.replId, 'editor')
      return viewsOf((await read(replKey(scope.replId))).kept)
    },

    set: (who, scope, values) =>
      changed(who, scope, (kept) => {
        const by = { id: who.id, name: who.name }
        const set = Object.entries(values).map(([name, value]) => [name, { value, changedAt: now(), by }] as const)
        return { ...kept, ...Object.fromEntries(set) }
      }),

    remove: (who, scope, name) =>
      changed(who, scope, (kept) => {
        if (kept[name] === undefined) throw new AppError('not_found', `There is no variable ${name}.`)
        const { [name]: _, ...rest } = kept
        return rest
      }),
  }
}

function requireUser(who: Principal): string {
  if (who.kind === 'user') return who.id
  throw new AppError('forbidden', 'A guest has no account.', { advice: 'Sign in first.' })
}

function requireRoom(kept: Kept): void {
  const entries = Object.entries(kept)
  const bytes = entries.reduce((sum, [name, { value }]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0)
  if (entries.length <= MAX_VARIABLES && bytes <= MAX_VARIABLES_BYTES) return
  const limit = `${MAX_VARIABLES} variables with ${MAX_VARIABLES_BYTES / 1024} KiB in all`
  throw new AppError('quota_exceeded', `There may be ${limit}; nothing was changed.`, {
    advice: 'Delete some, or keep what is large in a file.',
  })
}

function valuesOf(kept: Kept): Values {
  return Object.fromEntries(Object.entries(kept).map(([name, { value }]) => [name, value]))
}

function viewsOf(kept: Kept): VariableView[] {
  return Object.entries(kept)
    .map(([name, { changedAt, by }]) => ({ name, changedAt, by: by.name }))
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
}

function accountKey(userId: string): string {
  return `variables:account:${userId}`
}

function replKey(replId: string): string {
  return `variables:repl:${replId}`
}
