import { joinPath, nameOf, parentOf } from '#protocol/paths.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import { z } from 'zod'
import type { FileTree } from './file-tree.ts'
import { numberedName } from './free-name.ts'
import { MAX_UPLOAD_NAMES } from './limits.ts'
import { RequestError } from './request-error.ts'
import { Store } from './store.ts'

/** A file on its way in. */
export interface Upload {
  path: string
  sentBytes: number
  totalBytes: number
  error?: string
}

/** A file that was picked or dropped, with its place below the target folder. */
export interface UploadSource {
  path: string
  blob: Blob
}

/** What becomes of files whose names are taken. */
export type TakenNames = 'replace' | 'keep-both' | 'skip'

/** Names of a batch are taken: it waits until somebody says what is to become of them. */
export interface UploadQuestion {
  /** Paths in the workspace that are there already. */
  taken: readonly string[]
  /** Files in the batch. */
  total: number
  answer: (choice: TakenNames) => void
}

/** An upload with the place it goes to. */
interface Placed {
  index: number
  path: string
  blob: Blob
}

const errorBodySchema = z.object({ error: wireErrorSchema })

/** Files between the visitor's machine and the workspace, over `/r/<id>/files/…`: streams, any size. */
export class Transfers {
  readonly uploads = new Store<readonly Upload[]>([])
  /** What a batch waits for, if it does. */
  readonly question = new Store<UploadQuestion | undefined>(undefined)
  readonly #base: string
  readonly #tree: Pick<FileTree, 'list' | 'children'>
  /** The batch before: one at a time, so that there is one question at a time. */
  #last: Promise<unknown> = Promise.resolve()

  /** `origin` where it is not the page's own. */
  constructor(replId: string, tree: Pick<FileTree, 'list' | 'children'>, origin = '') {
    this.#base = `${origin}/r/${replId}/files/`
    this.#tree = tree
  }

  /** Where a file is downloaded; a folder comes as a zip. */
  downloadUrl(path: string): string {
    return this.#base + path.split('/').map(encodeURIComponent).join('/')
  }

  /**
   * Uploads one after the other into `folder`, and never over what is there: that is asked at the end, once for all.
   * Rejects with the first failure; what came before it stays.
   */
  async upload(sources: readonly UploadSource[], folder: string): Promise<void> {
    const turn = this.#last.then(() => this.#batch(sources, folder))
    this.#last = turn.catch(() => undefined)
    return turn
  }

  async #batch(sources: readonly UploadSource[], folder: string): Promise<void> {
    const placed = sources.map(({ path, blob }, index) => ({ index, path: joinPath(folder, path), blob }))
    this.uploads.set(placed.map(({ path, blob }) => ({ path, sentBytes: 0, totalBytes: blob.size })))
    try {
      const taken: Placed[] = []
      for (const one of placed) {
        if (await this.#put(one.path, one.blob, 'absent')) this.#sent(one)
        else taken.push(one)
      }
      if (taken.length > 0) await this.#settle(taken, await this.#ask(taken, placed.length))
    } finally {
      this.uploads.set([])
      await Promise.all([...new Set(placed.map(({ path }) => parentOf(path)))].map((at) => this.#tree.list(at)))
    }
  }

  async #ask(taken: readonly Placed[], total: number): Promise<TakenNames> {
    const { promise, resolve } = Promise.withResolvers<TakenNames>()
    this.question.set({ taken: taken.map(({ path }) => path), total, answer: resolve })
    const choice = await promise
    this.question.set(undefined)
    return choice
  }

  async #settle(taken: readonly Placed[], choice: TakenNames): Promise<void> {
    if (choice === 'skip') return
    for (const one of taken) {
      if (choice === 'replace') await this.#put(one.path, one.blob, 'any')
      else await this.#putBeside(one)
      this.#sent(one)
    }
  }

  /** Puts a file beside the one that has its name. */
  async #putBeside({ path, blob }: Placed): Promise<void> {
    const folder = parentOf(path)
    await this.#tree.list(folder)
    const names = new Set(this.#tree.children(folder).map(nameOf))
    for (let attempt = 0; attempt < MAX_UPLOAD_NAMES; attempt += 1) {
      const name = numberedName(nameOf(path), names)
      if (await this.#put(joinPath(folder, name), blob, 'absent')) return
      names.add(name)
    }
    throw new RequestError({
      code: 'conflict',
      message: `No name was free beside "${path}".`,
      advice: 'Rename the file and upload it again.',
      path,
    })
  }

  #sent({ index }: Placed): void {
    this.uploads.update((all) =>
      all.map((upload, at) => (at === index ? { ...upload, sentBytes: upload.totalBytes } : upload)),
    )
  }

  /** Whether it is there now. `absent`: only where nothing was (RFC 9110 §13.1.2), `false` where something is. */
  async #put(path: string, body: Blob, over: 'absent' | 'any'): Promise<boolean> {
    const headers = over === 'absent' ? { 'if-none-match': '*' } : undefined
    const response = await fetch(this.downloadUrl(path), { method: 'PUT', body, ...(headers && { headers }) })
    if (response.ok) return true
    if (over === 'absent' && response.status === PRECONDITION_FAILED) return false
    const parsed = errorBodySchema.safeParse(await response.json().catch(() => undefined))
    throw new RequestError(
      parsed.success
        ? parsed.data.error
        : { code: 'unavailable', message: `"${path}" could not be uploaded (HTTP ${response.status}).`, path },
    )
  }
}

const PRECONDITION_FAILED = 412
