import { joinPath, nameOf, parentOf } from '#protocol/paths.ts'
import type { WireError } from '#protocol/errors.ts'
import type { FileTree } from './file-tree.ts'
import { numberedName } from './free-name.ts'
import { MAX_UPLOAD_NAMES } from './limits.ts'
import type { PutFile } from './put-file.ts'
import { RequestError, describeError } from './request-error.ts'
import { isForAll, outcomeOf } from './upload-outcome.ts'
import type { UploadFile, UploadOutcome } from './upload-outcome.ts'

/** What becomes of files whose names are taken. */
export type TakenNames = 'replace' | 'keep-both' | 'skip'

/** A batch as the page shows it. */
export type UploadState = UploadUnderWay | UploadOver

/** Not over yet. */
export interface UploadUnderWay {
  kind: 'waiting' | 'sending'
  id: number
  /** Files of the batch, and how many of them are uploaded. */
  total: number
  uploaded: number
  /** The file that is on its way, or will be first. */
  path: string
  sentBytes: number
  totalBytes: number
}

/** It ended otherwise than with everything uploaded. */
interface UploadOver {
  kind: 'over'
  id: number
  outcome: UploadOutcome
}

interface PutOptions extends Omit<PutFile, 'url'> {
  signal: AbortSignal
  onProgress: (sentBytes: number) => void
}

interface BatchOptions {
  id: number
  /** At least one. */
  files: readonly UploadFile[]
  tree: Pick<FileTree, 'list' | 'children'>
  /** Whether the file is there now; `false` where its name is taken. */
  put: (file: PutOptions) => Promise<boolean>
  ask: (taken: readonly UploadFile[], signal: AbortSignal) => Promise<TakenNames>
  /** How it stands, after each change; `undefined` when it is over and there is nothing to say. */
  onChange: (state: UploadState | undefined) => void
}

/** Files that were picked or dropped at once, uploaded one after the other. */
export class UploadBatch {
  readonly #options: BatchOptions
  readonly #cancelled = new AbortController()
  readonly #left: Set<UploadFile>
  readonly #totalBytes: number
  readonly #refused: { file: UploadFile; error: WireError }[] = []
  #kind: UploadState['kind'] = 'waiting'
  #uploaded = 0
  /** Of files that are through with, and of the one that is on its way. */
  #settledBytes = 0
  #currentBytes = 0
  #current: UploadFile | undefined

  constructor(options: BatchOptions) {
    this.#options = options
    this.#left = new Set(options.files)
    this.#totalBytes = options.files.reduce((sum, { blob }) => sum + blob.size, 0)
    this.#tell()
  }

  /** Ends the request under way; what is uploaded stays. One that waits is over at once. */
  cancel(): void {
    this.#cancelled.abort()
    if (this.#kind === 'waiting') this.#end()
  }

  /** Uploads, never over what is there: that is asked at the end, once for all. Never rejects: `onChange` says how it went. */
  async run(): Promise<void> {
    if (this.#kind !== 'waiting') return
    this.#kind = 'sending'
    try {
      await this.#sendAll()
      this.#end()
    } catch (error) {
      this.#end(describeError(error))
    }
  }

  async #sendAll(): Promise<void> {
    const { files, ask } = this.#options
    const taken: UploadFile[] = []
    await this.#each(files, async (file) => {
      if (await this.#put(file, 'absent')) this.#settle(file, 'uploaded')
      else taken.push(file)
    })
    if (taken.length === 0) return
    const choice = await ask(taken, this.#signal)
    this.#signal.throwIfAborted()
    if (choice === 'skip') return taken.forEach((file) => this.#settle(file, 'skipped'))
    await this.#each(taken, async (file) => {
      if (choice === 'replace') await this.#put(file, 'any')
      else await this.#putBeside(file)
      this.#settle(file, 'uploaded')
    })
  }

  /** One that is refused for itself does not end the others. */
  async #each(files: readonly UploadFile[], send: (file: UploadFile) => Promise<void>): Promise<void> {
    for (const file of files) {
      this.#signal.throwIfAborted()
      this.#current = file
      this.#tell()
      try {
        await send(file)
      } catch (failure) {
        const error = describeError(failure)
        if (this.#signal.aborted || !(failure instanceof RequestError) || isForAll(error)) throw failure
        this.#refused.push({ file, error })
        this.#settle(file, 'refused')
      } finally {
        this.#currentBytes = 0
      }
    }
  }

  #put({ path, blob }: UploadFile, over: PutFile['over']): Promise<boolean> {
    const onProgress = (sentBytes: number): void => {
      this.#currentBytes = Math.min(sentBytes, blob.size)
      this.#tell()
    }
    return this.#options.put({ path, blob, over, signal: this.#signal, onProgress })
  }

  /** Puts a file beside the one that has its name. */
  async #putBeside({ path, blob }: UploadFile): Promise<void> {
    const { tree } = this.#options
    const folder = parentOf(path)
    await tree.list(folder)
    const names = new Set(tree.children(folder).map(nameOf))
    for (let attempt = 0; attempt < MAX_UPLOAD_NAMES; attempt += 1) {
      this.#signal.throwIfAborted()
      const name = numberedName(nameOf(path), names)
      if (await this.#put({ path: joinPath(folder, name), blob }, 'absent')) return
      names.add(name)
    }
    throw new RequestError({
      code: 'conflict',
      message: `No name was free beside "${path}".`,
      advice: 'Rename the file and upload it again.',
      path,
    })
  }

  #settle(file: UploadFile, how: 'uploaded' | 'skipped' | 'refused'): void {
    this.#left.delete(file)
    if (how === 'uploaded') this.#uploaded += 1
    this.#settledBytes += file.blob.size
    this.#currentBytes = 0
    this.#tell()
  }

  #end(ended?: WireError): void {
    this.#kind = 'over'
    const { id, files, onChange } = this.#options
    const outcome = outcomeOf({
      files,
      uploaded: this.#uploaded,
      isCancelled: this.#signal.aborted,
      refused: this.#refused,
      left: [...this.#left],
      ...(ended !== undefined && { ended }),
    })
    onChange(outcome === undefined ? undefined : { kind: 'over', id, outcome })
  }

  #tell(): void {
    if (this.#kind === 'over') return
    const { id, files, onChange } = this.#options
    const { path = '' } = this.#current ?? files[0] ?? {}
    onChange({
      kind: this.#kind,
      id,
      total: files.length,
      uploaded: this.#uploaded,
      path,
      sentBytes: this.#settledBytes + this.#currentBytes,
      totalBytes: this.#totalBytes,
    })
  }

  get #signal(): AbortSignal {
    return this.#cancelled.signal
  }
}
