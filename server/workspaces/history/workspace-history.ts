import type { Readable } from 'node:stream'
import { isUtf8 } from 'node:buffer'
import { byteStringOf, displayName } from '#snapshot/byte-string.ts'
import type { SnapshotEntry } from '#snapshot/entry.ts'
import { newId } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { editHead, readHead } from '#server/workspaces/head.ts'
import type { Head, HistoryRow, Reason } from '#server/workspaces/head.ts'
import { archive } from '#server/workspaces/history/archive.ts'
import type { ArchiveFormat } from '#server/workspaces/history/archive.ts'
import { compareSnapshots } from '#server/workspaces/history/compare-snapshots.ts'
import type { Difference } from '#server/workspaces/history/compare-snapshots.ts'
import { forkSnapshot, withPathsOf, writeFirstHead } from '#server/workspaces/history/copy-snapshot.ts'
import { entryAt, openSnapshot, readManifest } from '#server/workspaces/history/open-snapshot.ts'
import { readZip } from '#server/workspaces/history/read-zip.ts'
import { DEFAULT_RETENTION, requireRoomForName, thinned } from '#server/workspaces/history/retention.ts'
import type { Retention } from '#server/workspaces/history/retention.ts'
import { writeSnapshot } from '#server/workspaces/history/write-snapshot.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** Differences and paths in one answer, and the largest file shown as text. */
const MAX_DIFFERENCES = 2000
const MAX_TREE = 10_000
const MAX_TEXT_BYTES = 1024 * 1024

/** A file as it was in a snapshot, for a diff in the editor. */
export type FileThen =
  | { kind: 'text'; content: string; size: number }
  | { kind: 'binary' | 'too_large'; size: number }
  | { kind: 'missing' }

/** Something in a snapshot's project. `size` in bytes. */
export interface TreeEntry {
  path: string
  type: SnapshotEntry['type']
  size: number
}

/** The snapshots of repls, in the object store. Knows nothing of who asks, or of what runs. */
export interface WorkspaceHistory {
  /** Newest first. Empty for a repl that never had one. */
  rows(replId: string): Promise<HistoryRow[]>
  /** The row; `not_found` if it was thinned out or never was. */
  row(replId: string, id: string): Promise<HistoryRow>
  /** Puts what is the newest snapshot into the history under a name or a reason of its own; `quota_exceeded` over `MAX_NAMED`. */
  mark(replId: string, as: { reason: Reason; name?: string; actor?: string }): Promise<HistoryRow>
  /** `null` takes the name off: it is then thinned out like any other. `quota_exceeded` over `MAX_NAMED`. */
  rename(replId: string, id: string, name: string | null): Promise<HistoryRow>
  /** Forgets it: for `FORGOTTEN_KEEP_MS` it can be recalled. The newest one cannot be forgotten: `conflict`. */
  forget(replId: string, id: string): Promise<void>
  /** Takes that back. `quota_exceeded` over `MAX_NAMED`. */
  recall(replId: string, id: string): Promise<HistoryRow>
  /** Removes it for good; not the newest one either. */
  remove(replId: string, id: string): Promise<void>
  /** What changed in the project from one snapshot to another. */
  diff(
    repl: WorkspaceRef,
    manifests: { from: string; to: string },
  ): Promise<{ differences: Difference[]; isCut: boolean }>
  /** What is in the project, in tree order. `isCut`: more than is listed. */
  tree(repl: WorkspaceRef, manifest: string): Promise<{ entries: TreeEntry[]; isCut: boolean }>
  file(repl: WorkspaceRef, manifest: string, path: string): Promise<FileThen>
  /** Makes an older state, or some paths of it, the newest one. For a repl that nothing runs of. */
  moveTo(repl: WorkspaceRef, to: MoveTo): Promise<HistoryRow>
  /** The newest generation that works on it, or has. */
  generation(replId: string): Promise<number | undefined>
  /** Gives a new repl a snapshot of another one. */
  fork(from: { repl: WorkspaceRef; manifest: string }, to: WorkspaceRef): Promise<void>
  /** Gives a new repl what is in a zip. */
  importZip(repl: WorkspaceRef, file: string, limits: { maxBytes: number }): Promise<void>
  archive(repl: WorkspaceRef, manifest: string, format: ArchiveFormat): Promise<Readable>
}

interface MoveTo {
  manifest: string
  paths?: readonly string[]
  actor?: string
  /** `conflict` where another one has it by now: what it works on would come after. */
  generation?: number | undefined
}

interface HistoryOptions {
  objectStore: ObjectStore
  retention?: Retention
  now?: () => number
}

export function createWorkspaceHistory(options: HistoryOptions): WorkspaceHistory {
  const { objectStore, retention = DEFAULT_RETENTION, now = Date.now } = options
  const rows = async (replId: string) => (await readHead(objectStore, replId))?.head.history ?? []
  /** A row that may go. */
  const olderIn = (head: Head, id: string) => {
    const row = rowIn(head.history, id)
    if (newestOf(head).id !== row.id) return row
    throw new AppError('conflict', 'This is the newest snapshot: what the REPL starts from.')
  }
  /** A new newest row before the others. */
  const withRow = (head: Head, row: HistoryRow): Head => {
    const { id: _, name: __, actor: ___, ...snapshot } = row
    return { ...head, ...snapshot, history: thinned([row, ...head.history], retention, now()) }
  }

  return {
    rows,
    row: async (replId, id) => rowIn(await rows(replId), id),

    mark: async (replId, as) => {
      const head = await editHead(objectStore, replId, (current) => {
        const newest = newestOf(current)
        if (as.name !== undefined) requireRoomForName(current.history)
        // What was saved just for this need not stand there twice.
        if (isPlain(newest)) {
          return { ...current, history: [{ ...newest, ...as }, ...current.history.slice(1)] }
        }
        const { manifest, files, bytes } = current
        return withRow(current, { id: newId(), manifest, files, bytes, savedAt: now(), ...as })
      })
      return newestOf(head)
    },

    rename: async (replId, id, name) => {
      const head = await editHead(objectStore, replId, (current) => {
        const { name: before, ...row } = rowIn(current.history, id)
        if (name !== null && before === undefined) requireRoomForName(current.history)
        const renamed: HistoryRow = name === null ? row : { ...row, name }
        return { ...current, history: withChanged(current, renamed) }
      })
      return rowIn(head.history, id)
    },

    forget: async (replId, id) => {
      await editHead(objectStore, replId, (current) => {
        const row = olderIn(current, id)
        return { ...current, history: withChanged(current, { ...row, forgottenAt: row.forgottenAt ?? now() }) }
      })
    },

    recall: async (replId, id) => {
      const head = await editHead(objectStore, replId, (current) => {
        const { forgottenAt, ...row } = rowIn(current.history, id)
        if (forgottenAt === undefined) return current
        if (row.name !== undefined) requireRoomForName(current.history)
        return { ...current, history: withChanged(current, row) }
      })
      return rowIn(head.history, id)
    },

    remove: async (replId, id) => {
      await editHead(objectStore, replId, (current) => {
        const { id: going } = olderIn(current, id)
        return { ...current, history: current.history.filter((row) => row.id !== going) }
      })
    },

    diff: async (repl, { from, to }) => {
      const [before, after] = await Promise.all([
        openSnapshot(objectStore, repl, from),
        openSnapshot(objectStore, repl, to),
      ])
      const differences: Difference[] = []
      for (const difference of compareSnapshots(before.entries, after.entries)) {
        if (difference.root !== 'workspace') continue
        if (differences.length === MAX_DIFFERENCES) return { differences, isCut: true }
        differences.push(difference)
      }
      return { differences, isCut: false }
    },

    tree: async (repl, manifest) => {
      const { entries } = await openSnapshot(objectStore, repl, manifest)
      const project = entries.filter(({ root, path }) => root === 'workspace' && path !== '')
      return { entries: project.slice(0, MAX_TREE).map(treeEntryOf), isCut: project.length > MAX_TREE }
    },

    file: async (repl, manifest, path) => {
      const snapshot = await openSnapshot(objectStore, repl, manifest)
      const entry = entryAt(snapshot, 'workspace', byteStringOf(path))
      if (entry?.type !== 'file') return { kind: 'missing' }
      if (entry.size > MAX_TEXT_BYTES) return { kind: 'too_large', size: entry.size }
      const bytes = Buffer.concat(await Array.fromAsync(snapshot.read(entry)))
      if (!isUtf8(bytes) || bytes.includes(0)) return { kind: 'binary', size: entry.size }
      return { kind: 'text', content: bytes.toString('utf8'), size: entry.size }
    },

    generation: async (replId) => (await readHead(objectStore, replId))?.head.generation,

    moveTo: async (repl, { manifest, paths, actor, generation }) => {
      const by = actor === undefined ? {} : { actor }
      const head = await editHead(objectStore, repl.replId, async (current) => {
        if (generation !== undefined && current.generation !== generation)
          throw new AppError('conflict', 'This REPL was started meanwhile, so nothing was restored.', {
            advice: 'Restore it again: it takes place in what runs now.',
          })
        const target =
          paths === undefined
            ? { manifest, ...totalsOf(await readManifest(objectStore, repl, manifest)) }
            : await withPathsOf(objectStore, repl, { base: current.manifest, other: manifest, paths })
        const { files, bytes } = current
        const undo = { id: newId(), manifest: current.manifest, files, bytes, savedAt: now(), ...by }
        const kept = withRow(current, { ...undo, reason: 'before-restore' })
        return withRow(kept, { id: newId(), ...target, savedAt: now(), reason: 'restore', ...by })
      })
      return newestOf(head)
    },

    fork: (from, to) => forkSnapshot(objectStore, from, to),

    importZip: async (repl, file, limits) => {
      const written = await writeSnapshot(objectStore, repl, readZip(file, limits))
      await writeFirstHead(objectStore, repl, { reason: 'import', stored: written })
    },

    archive: async (repl, manifest, format) => archive(await openSnapshot(objectStore, repl, manifest), format),
  }
}

/** The row of this id; `not_found` if it was thinned out or never was. */
export function rowIn(history: readonly HistoryRow[], id: string): HistoryRow {
  const found = history.find((row) => row.id === id)
  if (found !== undefined) return found
  throw new AppError('not_found', 'This snapshot is not kept any more.', {
    advice: 'Choose another one: old snapshots are thinned out unless they have a name.',
  })
}

function treeEntryOf(entry: SnapshotEntry): TreeEntry {
  return { path: displayName(entry.path), type: entry.type, size: entry.type === 'file' ? entry.size : 0 }
}

function withChanged({ history }: Head, changed: HistoryRow): HistoryRow[] {
  return history.map((row) => (row.id === changed.id ? changed : row))
}

/** A snapshot that nobody gave a name or a meaning. */
function isPlain({ name, reason }: HistoryRow): boolean {
  return name === undefined && (reason === 'auto' || reason === 'save' || reason === 'checkpoint')
}

function newestOf(head: Head): HistoryRow {
  const [newest] = head.history
  if (newest === undefined) throw new AppError('internal', 'A head without a history.')
  return newest
}

function totalsOf({ files, bytes }: { files: number; bytes: number }): { files: number; bytes: number } {
  return { files, bytes }
}
