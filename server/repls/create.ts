import type { RunDefaults } from '#protocol/adoption.ts'
import { newId } from '#protocol/ids.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import type { Quotas } from '#server/repls/quotas.ts'
import { REPL_FORMAT, workspaceOf } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { isRefusal } from '#server/repls/repl-events.ts'
import { transition } from '#server/repls/repl.ts'
import { retryConflicts } from '#server/repls/retry.ts'
import type { ReplStore } from '#server/repls/store.ts'
import { replNameSchema } from '#server/repls/views.ts'
import type { CreateRepl } from '#server/repls/views.ts'
import { MAX_DISPLAY_NAME_CHARS } from '#protocol/limits.ts'
import type { Template } from '#server/workspaces/template.ts'
import type { Templates } from '#server/workspaces/templates.ts'
import type { WorkspaceRef, Workspaces } from '#server/workspaces/workspaces.ts'

interface CreateDeps {
  store: ReplStore
  quotas: Quotas
  workspaces: Workspaces
  templates: Templates
  log: Log
  now: () => number
}

/** What a repl is made from when neither a template's files nor a clone are it. */
export interface Filling {
  /** Writes the first snapshot, with a head. */
  fill: (repl: WorkspaceRef) => Promise<void>
  /** What Run does, where the original knows it better than its template. */
  run?: RunDefaults
  /** What it is called unless somebody says otherwise: a number tells it from others of that name. */
  name?: string
}

/** What a repl from Git is until its files say otherwise. */
const TEMPLATE_OF_GIT = 'empty'

/**
 * Makes a repl: its place in the quota first, then its files, then its record, which begins the first start if one more
 * may run. A fault in between leaves none of them.
 */
export async function createRepl(
  deps: CreateDeps,
  who: Principal & { kind: 'user' },
  input: CreateRepl & { filling?: Filling },
): Promise<Repl> {
  const { store, quotas, now } = deps
  const { source, filling } = input
  const key = source.kind === 'template' ? source.template : TEMPLATE_OF_GIT
  // A fork has the template of its original, be it gone; only what is made from its files needs them.
  const template = filling === undefined ? deps.templates.get(key) : deps.templates.ofRepl(key)
  if (source.kind === 'git') checkUrl(source.url)
  const id = newId()
  await retryConflicts(() => quotas.reserve(who.id, id, now()))
  try {
    const repl: Repl = {
      format: REPL_FORMAT,
      id,
      name: input.name ?? (await freeName(store, who.id, filling?.name ?? defaultName(source, template))),
      template: key,
      source:
        source.kind === 'template'
          ? { kind: 'template' }
          : {
              kind: 'git',
              url: source.url,
              ...(source.branch !== undefined && { branch: source.branch }),
              isCloned: false,
            },
      ...(filling?.run !== undefined && { run: filling.run }),
      owner: { id: who.id, name: who.name },
      generation: 0,
      fence: 0,
      state: { kind: 'stopped' },
      createdAt: now(),
      lastUsedAt: now(),
      activeAt: now(),
      publicPorts: [],
      ...(input.ephemeral === true && { isEphemeral: true as const }),
      ...(input.ttlMinutes !== undefined && { expiresAt: now() + input.ttlMinutes * 60_000 }),
    }
    if (filling !== undefined) await fill(deps, repl, filling)
    else if (source.kind === 'template') await seed(deps, repl, template)
    return await insert(deps, repl)
  } catch (error) {
    await retryConflicts(() => quotas.release(who.id, id)).catch((failure: unknown) =>
      deps.log.error('a place in a quota was not given back; it runs out by itself', failure, { repl: id }),
    )
    throw error
  }
}

async function fill({ workspaces, log }: CreateDeps, repl: Repl, filling: Filling): Promise<void> {
  const ref = workspaceOf(repl)
  try {
    await filling.fill(ref)
  } catch (error) {
    await workspaces
      .purge(ref)
      .catch((failure: unknown) => log.error('half a workspace is left', failure, { repl: repl.id }))
    throw error
  }
}

async function seed(deps: CreateDeps, repl: Repl, template: Template): Promise<void> {
  try {
    await fill(deps, repl, { fill: (ref) => deps.workspaces.seed(ref, template) })
  } catch (error) {
    throw new AppError('unavailable', `The files of the template ${template.key} could not be stored.`, {
      cause: error,
      advice: 'Try again. Nothing was created.',
    })
  }
}

/** Writes the record, starting if the owner may run one more, else stopped. */
async function insert({ store, quotas, workspaces, log, now }: CreateDeps, repl: Repl): Promise<Repl> {
  try {
    const started = transition(repl, { type: 'start-asked', at: now() })
    if (!isRefusal(started) && (await quotas.canRun(repl.owner.id))) {
      try {
        await store.insert(started)
        return started
      } catch (error) {
        const isBeaten = error instanceof AppError && error.code === 'quota_exceeded'
        if (!isBeaten) throw error
      }
    }
    await store.insert(repl)
    return repl
  } catch (error) {
    await workspaces
      .purge(workspaceOf(repl))
      .catch((failure: unknown) => log.error('a workspace without a repl is left', failure, { repl: repl.id }))
    throw error
  }
}

function checkUrl(url: string): void {
  const { username, password } = new URL(url)
  if (username !== '' || password !== '') {
    throw new AppError('bad_request', 'The address of the repository holds a name or password.', {
      advice: 'Use the public address; a password would be stored and shown to everyone you share with.',
    })
  }
}

function defaultName(source: CreateRepl['source'], template: Template): string {
  if (source.kind === 'template') return template.manifest.title
  const last = new URL(source.url).pathname.split('/').findLast((part) => part !== '') ?? ''
  const name = replNameSchema.safeParse(
    decode(last)
      .replace(/\.git$/, '')
      .slice(0, MAX_DISPLAY_NAME_CHARS),
  )
  return name.success ? name.data : 'Repository'
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

/** `wanted`, or with the first number that none of the owner's repls has. */
async function freeName(store: ReplStore, ownerId: string, wanted: string): Promise<string> {
  const taken = new Set((await store.ofOwner(ownerId)).map(({ name }) => name))
  let name = wanted
  for (let number = 2; taken.has(name); number++) {
    const suffix = ` ${number}`
    name = wanted.slice(0, MAX_DISPLAY_NAME_CHARS - suffix.length).trimEnd() + suffix
  }
  return name
}
