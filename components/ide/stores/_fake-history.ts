import type { SnapshotView } from '#server/repls/history.ts'
import type { FileThen } from '#server/workspaces/history/workspace-history.ts'
import { replView } from './_repl-view.ts'
import type { HistoryApi } from './history.ts'

/** A past in memory, whose every call a test can make fail. */
export class FakeHistory implements HistoryApi {
  snapshots: SnapshotView[] = []
  failure: Error | undefined
  readonly restored: { id: string; paths?: string[] }[] = []

  async list() {
    this.#maybeFail()
    return this.snapshots
  }

  async checkpoint(name: string) {
    this.#maybeFail()
    const id = `s${this.snapshots.length}`
    const taken: SnapshotView = { id, savedAt: 0, reason: 'checkpoint', files: 1, bytes: 1, name, isNewest: true }
    this.snapshots = [taken, ...this.snapshots]
    return taken
  }

  async rename(id: string) {
    const [found] = this.snapshots.filter((snapshot) => snapshot.id === id)
    return found ?? this.checkpoint('none')
  }

  async forget(id: string) {
    this.#maybeFail()
    this.snapshots = this.snapshots.map((one) => (one.id === id ? { ...one, forgottenAt: 1 } : one))
  }

  async recall(id: string) {
    this.#maybeFail()
    this.snapshots = this.snapshots.map(({ forgottenAt, ...one }) =>
      one.id === id || forgottenAt === undefined ? one : { ...one, forgottenAt },
    )
    return this.rename(id)
  }

  async remove(id: string) {
    this.snapshots = this.snapshots.filter((snapshot) => snapshot.id !== id)
  }

  async diff() {
    this.#maybeFail()
    return { differences: [], isCut: false }
  }

  async tree() {
    return { id: 's1', entries: [], isCut: false }
  }

  async file(): Promise<FileThen> {
    return { kind: 'missing' }
  }

  async restore(id: string, paths?: string[]) {
    this.#maybeFail()
    this.restored.push({ id, ...(paths !== undefined && { paths }) })
    return { undo: 'undo' }
  }

  async fork() {
    return replView({ kind: 'stopped' })
  }

  errorOf(error: unknown) {
    return { code: 'unavailable' as const, message: error instanceof Error ? error.message : String(error) }
  }

  #maybeFail(): void {
    if (this.failure !== undefined) throw this.failure
  }
}
