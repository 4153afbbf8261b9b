import type { Readable } from 'node:stream'
import type { Principal } from '#server/auth/principal.ts'
import type { ReplView } from '#server/repls/views.ts'
import type { Reason } from '#server/workspaces/head.ts'
import type { ArchiveFormat } from '#server/workspaces/history/archive.ts'
import type { Difference } from '#server/workspaces/history/compare-snapshots.ts'
import type { FileThen, TreeEntry } from '#server/workspaces/history/workspace-history.ts'

/** One state of a repl's files, as pages see it. Times are milliseconds since the epoch, sizes bytes. */
export interface SnapshotView {
  id: string
  savedAt: number
  reason: Reason
  files: number
  bytes: number
  /** A checkpoint's name: it is kept until somebody removes it. */
  name?: string
  /** Who took it. */
  actor?: string
  /** Since when it is forgotten; it can be recalled for 7 days. */
  forgottenAt?: number
  /** Whether it is what the repl's files were when they were last backed up. */
  isNewest: boolean
}

/** Who takes a checkpoint when no person does, and why. */
export interface CheckpointByAgent {
  reason: 'checkpoint' | 'before-agent'
  name?: string
  actor: string
}

/** The past of repls. Every call checks who asks; an unknown repl and a forbidden one are both `not_found`. */
export interface History {
  /** Newest first, with what is forgotten and can be recalled. */
  list(who: Principal, replId: string): Promise<SnapshotView[]>
  /** Backs up the files as they are now and keeps that state under a name. */
  checkpoint(who: Principal, replId: string, name: string): Promise<SnapshotView>
  /** Gives a snapshot a name, which keeps it; `null` takes it off. */
  rename(who: Principal, replId: string, change: { id: string; name: string | null }): Promise<SnapshotView>
  /** Takes a snapshot out of the list; `recall` puts it back for a week. */
  forget(who: Principal, replId: string, id: string): Promise<void>
  recall(who: Principal, replId: string, id: string): Promise<SnapshotView>
  /** Removes it for good, which only the owner may. */
  remove(who: Principal, replId: string, id: string): Promise<void>
  /** What changed in the project from one state to another; `to` may be `now`. `isCut`: more than are listed. */
  diff(
    who: Principal,
    replId: string,
    range: { from: string; to: string },
  ): Promise<{ differences: Difference[]; isCut: boolean }>
  /** The project's files as they were; the newest snapshot unless `id` names one. */
  tree(who: Principal, replId: string, id?: string): Promise<{ id: string; entries: TreeEntry[]; isCut: boolean }>
  file(who: Principal, replId: string, at: { id: string; path: string }): Promise<FileThen>
  /**
   * Brings a state back: all of it, or some paths of the project. What was there before is kept as a snapshot, whose id
   * is in the answer: restoring that undoes this.
   */
  restore(who: Principal, replId: string, what: { id: string; paths?: string[] }): Promise<{ undo: string }>
  /** A new repl of the asker's from a state of this one. Another owner's home folder stays theirs. */
  fork(who: Principal, replId: string, what: { id?: string; name?: string }): Promise<ReplView>
  /** The project as an archive, made while it is read. */
  archive(
    who: Principal,
    replId: string,
    what: { id?: string; format: ArchiveFormat },
  ): Promise<{ name: string; content: Readable }>
  /** `quota_exceeded` where the asker may have no further repl: to be asked before a zip is received. */
  requireRoom(who: Principal): Promise<void>
  /** A new repl of the asker's from a zip on this machine's disk. */
  importZip(who: Principal, what: { file: string; name?: string }): Promise<ReplView>
  /** For a sandbox, whose token was checked before. */
  ofSandbox: {
    list(replId: string): Promise<SnapshotView[]>
    checkpoint(replId: string, as: CheckpointByAgent): Promise<SnapshotView>
    restore(replId: string, what: { id: string; paths?: string[]; actor: string }): Promise<{ undo: string }>
  }
}
