import { joinPath, parentOf } from '#protocol/paths.ts'
import type { FileTree } from './file-tree.ts'
import { MAX_OVER_UPLOADS, UPLOAD_STALL_MS } from './limits.ts'
import { putFile } from './put-file.ts'
import { Store } from './store.ts'
import { UploadBatch } from './upload-batch.ts'
import type { TakenNames, UploadState } from './upload-batch.ts'
import type { UploadFile } from './upload-outcome.ts'

/** A file that was picked or dropped, with its place below the target folder. */
export interface UploadSource {
  path: string
  blob: Blob
}

/** Names of a batch are taken: it waits until somebody says what is to become of them. */
export interface UploadQuestion {
  /** Paths in the workspace that are there already. */
  taken: readonly string[]
  /** Files in the batch. */
  total: number
  answer: (choice: TakenNames) => void
}

interface TransferOptions {
  /** Where it is not the page's own. */
  origin?: string
  /** An upload of which no byte has moved for so long is given up. */
  stallMs?: number
}

/** Files between the visitor's machine and the workspace, over `/r/<id>/files/…`: streams, any size. */
export class Transfers {
  /** What is on its way, what waits behind it, and what ended otherwise than it was meant to, oldest first. */
  readonly uploads = new Store<readonly UploadState[]>([])
  /** Whether something is on its way or waits: a page that goes now takes it along. */
  readonly isUploading = new Store(false)
  /** What a batch waits for, if it does. */
  readonly question = new Store<UploadQuestion | undefined>(undefined)
  readonly #base: string
  readonly #tree: Pick<FileTree, 'list' | 'children'>
  readonly #stallMs: number
  readonly #batches = new Map<number, UploadBatch>()
  #lastId = 0
  /** The batch before: one at a time, so that there is one question at a time. */
  #last: Promise<void> = Promise.resolve()

  constructor(
    replId: string,
    tree: Pick<FileTree, 'list' | 'children'>,
    { origin = '', stallMs = UPLOAD_STALL_MS }: TransferOptions = {},
  ) {
    this.#base = `${origin}/r/${replId}/files/`
    this.#tree = tree
    this.#stallMs = stallMs
  }

  /** Where a file is downloaded; a folder comes as a zip. */
  downloadUrl(path: string): string {
    return this.#base + path.split('/').map(encodeURIComponent).join('/')
  }

  /** Uploads into `folder` when the batches before are through. Resolves when it is over: `uploads` says what went wrong. */
  async upload(sources: readonly UploadSource[], folder: string): Promise<void> {
    if (sources.length === 0) return
    // Whoever goes on uploading has read what was cancelled.
    this.uploads.update((all) => all.filter((one) => one.kind !== 'over' || one.outcome.tone !== 'cancelled'))
    const files = sources.map(({ path, blob }) => ({ path: joinPath(folder, path), blob }))
    this.#lastId += 1
    const id = this.#lastId
    const batch = new UploadBatch({
      id,
      files,
      tree: this.#tree,
      put: ({ path, blob, over, ...options }) =>
        putFile({ url: this.downloadUrl(path), path, blob, over }, { ...options, stallMs: this.#stallMs }),
      ask: (taken, signal) => this.#ask(taken, { total: files.length, signal }),
      onChange: (state) => this.#show(id, state),
    })
    this.#batches.set(id, batch)
    this.#last = this.#last.then(() => batch.run())
    await this.#last
    this.#batches.delete(id)
    await Promise.all([...new Set(files.map(({ path }) => parentOf(path)))].map((at) => this.#tree.list(at)))
  }

  /** Ends a batch that is on its way or waits. What is uploaded stays. */
  cancel(id: number): void {
    this.#batches.get(id)?.cancel()
  }

  /** Uploads again what a batch did not, where that can help. */
  async tryAgain(id: number): Promise<void> {
    const state = this.uploads.getSnapshot().find((one) => one.id === id)
    if (state?.kind !== 'over') return
    this.dismiss(id)
    await this.upload(state.outcome.again, '')
  }

  /** What a batch that is over had to say was read. */
  dismiss(id: number): void {
    this.uploads.update((all) => all.filter((one) => one.id !== id || one.kind !== 'over'))
  }

  #show(id: number, state: UploadState | undefined): void {
    const before = this.uploads.getSnapshot()
    const isNew = !before.some((one) => one.id === id)
    const all =
      isNew && state !== undefined ? [...before, state] : before.flatMap((one) => (one.id === id ? (state ?? []) : one))
    const over = all.filter(({ kind }) => kind === 'over')
    const tooOld = new Set(over.slice(0, Math.max(0, over.length - MAX_OVER_UPLOADS)))
    this.uploads.set(all.filter((one) => !tooOld.has(one)))
    this.isUploading.set(over.length < all.length)
  }

  async #ask(
    taken: readonly UploadFile[],
    { total, signal }: { total: number; signal: AbortSignal },
  ): Promise<TakenNames> {
    const { promise, resolve } = Promise.withResolvers<TakenNames>()
    const leave = (): void => resolve('skip')
    signal.addEventListener('abort', leave)
    this.question.set({ taken: taken.map(({ path }) => path), total, answer: resolve })
    const choice = await promise
    signal.removeEventListener('abort', leave)
    this.question.set(undefined)
    return choice
  }
}
