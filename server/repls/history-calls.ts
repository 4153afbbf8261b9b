import { isAtLeast } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { CheckpointByAgent, History, SnapshotView } from '#server/repls/history.ts'
import { DOWNLOADS, DOWNLOAD_IDLE_MS, OPEN_SNAPSHOTS, SAVE_LIMIT_MS } from '#server/repls/limits.ts'
import { sandboxOf, workspaceOf } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import type { Access } from '#server/repls/repls.ts'
import { noSuchRepl } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { ReplView } from '#server/repls/views.ts'
import type { HistoryRow } from '#server/workspaces/head.ts'
import { holdWhileRead } from '#server/workspaces/history/hold-while-read.ts'
import { createPlaces } from '#server/workspaces/history/places.ts'
import { rowIn } from '#server/workspaces/history/workspace-history.ts'
import type { WorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'
import type { SidecarClient, WorkspaceRef } from '#server/workspaces/workspaces.ts'

interface HistoryDeps {
  store: ReplStore
  access: Access
  sidecar: SidecarClient
  history: WorkspaceHistory
  /** Makes a repl of the asker's whose files `fill` brings. */
  create(
    who: Principal,
    made: { name?: string; from?: Repl; fill: (repl: WorkspaceRef) => Promise<void> },
  ): Promise<ReplView>
  requireRoom(who: Principal): Promise<void>
  /** Unpacked bytes that an import may have. */
  importLimitBytes: number
}

export function createHistory(deps: HistoryDeps): History {
  const { store, access, sidecar, history } = deps
  // Whoever may look may ask for these, as often as they like: what is in memory at once must not be theirs to say.
  const open = createPlaces(OPEN_SNAPSHOTS, 'The server reads as many snapshots as it can just now.')
  const downloads = createPlaces(DOWNLOADS, 'As many downloads go on as the server can do at once.')

  const replOf = async (replId: string) => {
    const repl = await store.get(replId)
    if (repl === undefined) throw noSuchRepl()
    return repl
  }
  /** Backs up what a running sandbox has; of one that sleeps everything is in the store. */
  const backUp = async (repl: Repl) => {
    const sandboxId = workingSandbox(repl)
    if (sandboxId === undefined) return
    await sidecar.save({ sandboxId, reason: 'checkpoint' }, () => undefined, AbortSignal.timeout(SAVE_LIMIT_MS))
  }
  const checkpoint = async (replId: string, as: CheckpointByAgent) => {
    await backUp(await replOf(replId))
    return viewOf(await history.mark(replId, as), true)
  }
  /** What somebody may look at, newest first: what is forgotten is for those only who may recall it. */
  const rowsFor = async (who: Principal, replId: string) => {
    const { role } = await access.require(who, replId, 'viewer')
    const rows = await history.rows(replId)
    return isAtLeast(role, 'editor') ? rows : remembered(rows)
  }
  const restore = async (replId: string, what: { id: string; paths?: string[]; actor: string }) => {
    // Before the record: a start that this does not see is seen by the head.
    const generation = await history.generation(replId)
    const repl = await replOf(replId)
    const { id, paths, actor } = what
    const { manifest } = await history.row(replId, id)
    const scope = paths === undefined ? {} : { paths }
    const sandboxId = workingSandbox(repl)
    if (sandboxId === undefined) {
      await history.moveTo(workspaceOf(repl), { manifest, actor, generation, ...scope })
      const [, before] = await history.rows(replId)
      return { undo: before?.id ?? id }
    }
    await backUp(repl)
    const undo = await history.mark(replId, { reason: 'before-restore', actor })
    const signal = AbortSignal.timeout(SAVE_LIMIT_MS)
    const request = { manifest: `manifests/${manifest}`, undo: `manifests/${undo.manifest}`, ...scope }
    await sidecar.restore({ sandboxId, ...request }, () => undefined, signal)
    await sidecar.save({ sandboxId, reason: 'save' }, () => undefined, signal)
    await history.mark(replId, { reason: 'restore', actor })
    return { undo: undo.id }
  }

  return {
    list: async (who, replId) => {
      return views(await rowsFor(who, replId))
    },

    checkpoint: async (who, replId, name) => {
      await access.require(who, replId, 'editor')
      return checkpoint(replId, { reason: 'checkpoint', name, actor: who.name })
    },

    rename: async (who, replId, { id, name }) => {
      await access.require(who, replId, 'editor')
      const [newest] = await history.rows(replId)
      return viewOf(await history.rename(replId, id, name), newest?.id === id)
    },

    forget: async (who, replId, id) => {
      await access.require(who, replId, 'editor')
      await history.forget(replId, id)
    },

    recall: async (who, replId, id) => {
      await access.require(who, replId, 'editor')
      return viewOf(await history.recall(replId, id), false)
    },

    remove: async (who, replId, id) => {
      await access.require(who, replId, 'owner')
      await history.remove(replId, id)
    },

    diff: async (who, replId, { from, to }) => {
      const rows = await rowsFor(who, replId)
      const repl = await replOf(replId)
      const { manifest: before } = rowIn(rows, from)
      if (to === 'now') await backUp(repl)
      const { manifest: after } = to === 'now' ? newestIn(await history.rows(replId)) : rowIn(rows, to)
      using _ = await open.take(holderOf(who, replId), 2)
      return await history.diff(workspaceOf(repl), { from: before, to: after })
    },

    tree: async (who, replId, id) => {
      const rows = await rowsFor(who, replId)
      const row = id === undefined ? newestIn(rows) : rowIn(rows, id)
      const repl = await replOf(replId)
      using _ = await open.take(holderOf(who, replId))
      return { id: row.id, ...(await history.tree(workspaceOf(repl), row.manifest)) }
    },

    file: async (who, replId, { id, path }) => {
      const { manifest } = rowIn(await rowsFor(who, replId), id)
      const repl = await replOf(replId)
      using _ = await open.take(holderOf(who, replId))
      return await history.file(workspaceOf(repl), manifest, path)
    },

    restore: async (who, replId, what) => {
      await access.require(who, replId, 'editor')
      return restore(replId, { ...what, actor: who.name })
    },

    fork: async (who, replId, { id, name }) => {
      const rows = await rowsFor(who, replId)
      if (who.kind !== 'user') throw new AppError('forbidden', 'Sign in to have a fork of your own.')
      const repl = await replOf(replId)
      if (id === undefined) await backUp(repl)
      const { manifest } = id === undefined ? newestIn(await history.rows(replId)) : rowIn(rows, id)
      const from = { repl: workspaceOf(repl), manifest }
      return deps.create(who, {
        ...(name !== undefined && { name }),
        from: repl,
        fill: (to) => history.fork(from, to),
      })
    },

    archive: async (who, replId, { id, format }) => {
      const rows = await rowsFor(who, replId)
      const repl = await replOf(replId)
      if (id === undefined) await backUp(repl)
      const { manifest } = id === undefined ? newestIn(await history.rows(replId)) : rowIn(rows, id)
      const holder = holderOf(who, replId)
      // Its entries stay in memory until the last of them is packed, but nobody need wait for that to look at something.
      using taken = new DisposableStack()
      taken.use(await downloads.take(holder))
      using _ = await open.take(holder)
      const content = await history.archive(workspaceOf(repl), manifest, format)
      const held = holdWhileRead(content, { place: taken.move(), idleMs: DOWNLOAD_IDLE_MS })
      return { name: `${repl.name}.${format}`, content: held }
    },

    requireRoom: (who) => deps.requireRoom(who),

    importZip: (who, { file, name }) =>
      deps.create(who, {
        ...(name !== undefined && { name }),
        fill: (to) => history.importZip(to, file, { maxBytes: deps.importLimitBytes }),
      }),

    ofSandbox: {
      list: async (replId) => views(remembered(await history.rows(replId))),
      checkpoint,
      restore,
    },
  }
}

/**
 * The sandbox whose files are the newest, if one runs. What is on its way from one state to the other, or is kept
 * because it could not be saved, must first come to rest: `conflict`.
 */
function workingSandbox(repl: Repl): string | undefined {
  const { state } = repl
  switch (state.kind) {
    case 'running':
      return state.sandboxId
    case 'stopped':
      return undefined
    case 'failed':
      if (sandboxOf(repl) === undefined) return undefined
      throw new AppError('conflict', 'Its last work is not backed up yet.', {
        advice: 'Try to stop it again, or resume it, first.',
      })
    case 'starting':
    case 'stopping':
      throw new AppError('conflict', `The REPL is ${state.kind}.`, { advice: 'Try again in a moment.' })
    case 'deleted':
      throw noSuchRepl()
  }
}

/** Who has places: a person, or all guests of a repl together, since anybody with its link can be another one. */
function holderOf(who: Principal, replId: string): string {
  return who.kind === 'guest' ? `guests of ${replId}` : who.id
}

function views(rows: readonly HistoryRow[]): SnapshotView[] {
  return rows.map((row, at) => viewOf(row, at === 0))
}

function remembered(rows: readonly HistoryRow[]): HistoryRow[] {
  return rows.filter(({ forgottenAt }) => forgottenAt === undefined)
}

function newestIn([newest]: readonly HistoryRow[]): HistoryRow {
  if (newest === undefined) throw new AppError('not_found', 'This REPL has no snapshot yet.')
  return newest
}

function viewOf(row: HistoryRow, isNewest: boolean): SnapshotView {
  const { manifest: _, ...view } = row
  return { ...view, isNewest }
}
