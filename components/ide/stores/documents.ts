import type { EventData } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import type { Drafts } from './drafts.ts'
import { FileDocument } from './file-document.ts'
import { Store } from './store.ts'
import type { Readable } from './store.ts'

interface DocumentsOptions {
  connection: Connection
  drafts: Drafts
  /** Whether the person may write now. */
  mayEdit: Readable<boolean>
}

/** Every document of this page by its path, kept true to the disk. */
export class Documents implements Disposable {
  /** Paths with text that is not on disk. */
  readonly unsaved = new Store<readonly string[]>([])
  readonly #options: DocumentsOptions
  readonly #open = new Map<string, FileDocument>()

  constructor(options: DocumentsOptions) {
    this.#options = options
    options.mayEdit.subscribe(() => {
      for (const document of this.#open.values()) document.roleChanged()
    })
    options.connection.on('hello', () => this.#checkWhere(() => true))
    options.connection.on('files.changed', (changed) => this.#diskChanged(changed))
  }

  /** The document at a path, opened if it is not yet. */
  open(path: string): FileDocument {
    const known = this.#open.get(path)
    if (known !== undefined) return known
    const { connection, drafts, mayEdit } = this.#options
    const document = new FileDocument(path, { line: connection, drafts, mayEdit })
    this.#open.set(path, document)
    document.state.subscribe(() => this.#count())
    void document.check()
    return document
  }

  get(path: string): FileDocument | undefined {
    return this.#open.get(path)
  }

  paths(): string[] {
    return [...this.#open.keys()]
  }

  close(path: string): void {
    this.#open.get(path)?.[Symbol.dispose]()
    this.#open.delete(path)
    this.#count()
  }

  /** Files were moved: their documents go with them. */
  async moved(from: string, to: string): Promise<void> {
    const affected = [...this.#open].filter(([path]) => isWithin(path, from))
    for (const [path, document] of affected) {
      const target = to + path.slice(from.length)
      this.#open.get(target)?.[Symbol.dispose]()
      this.#open.delete(path)
      this.#open.set(target, document)
      await document.movedTo(target)
    }
    this.#count()
  }

  async saveAll(): Promise<void> {
    await this.saveWithin('')
  }

  /** Saves a file, or all of a folder. */
  async saveWithin(folder: string): Promise<void> {
    const meant = [...this.#open].filter(([path]) => isWithin(path, folder))
    await Promise.all(meant.map(([, document]) => document.save()))
  }

  [Symbol.dispose](): void {
    for (const document of this.#open.values()) document[Symbol.dispose]()
  }

  #diskChanged({ changes, overflow }: EventData<'files.changed'>): void {
    if (overflow) return this.#checkWhere(() => true)
    this.#checkWhere((path) => changes.some((change) => isWithin(path, change.path)))
  }

  #checkWhere(isMeant: (path: string) => boolean): void {
    for (const [path, document] of this.#open) if (isMeant(path)) void document.check()
  }

  #count(): void {
    const paths = [...this.#open].filter(([, document]) => document.isUnsaved).map(([path]) => path)
    const before = this.unsaved.getSnapshot()
    if (paths.length !== before.length || paths.some((path, index) => path !== before[index])) this.unsaved.set(paths)
  }
}

/** Whether `path` is `folder` or lies in it. */
export function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`) || folder === ''
}
