import { MAX_EDITOR_FILE_BYTES } from '#protocol/limits.ts'
import type { RequestResult } from '#protocol/messages.ts'
import type { Connection } from './connection.ts'
import { DiskText } from './disk-text.ts'
import { DocumentClock } from './document-clock.ts'
import type { Draft, Drafts } from './drafts.ts'
import type { DocumentState, OpenDocument, SaveState } from './open-document.ts'
import { OwnDraft } from './own-draft.ts'
import { RequestError, describeError, isCode, isLost } from './request-error.ts'
import { Store } from './store.ts'
import type { Readable } from './store.ts'
import { isLongerThan } from './text-bytes.ts'
import { PlainBuffer } from './text-buffer.ts'
import type { TextBuffer } from './text-buffer.ts'

interface DocumentOptions {
  line: Pick<Connection, 'request' | 'state'>
  drafts: Drafts
  mayEdit: Readable<boolean>
}

type Read = RequestResult<'files.read'>

/** `OpenDocument` over `files.read` and `files.write` with etags. */
export class FileDocument implements OpenDocument, Disposable {
  readonly state = new Store<DocumentState>({ kind: 'loading' })
  readonly #options: DocumentOptions
  readonly #clock: DocumentClock
  readonly #draft: OwnDraft
  readonly #disk = new DiskText()
  path: string
  #buffer: TextBuffer = new PlainBuffer()
  /** Counts edits, so that a save knows whether it saved everything. */
  #version = 0
  #saving: Promise<void> | undefined
  #checking: Promise<void> | undefined
  /** Whether the disk is to be looked at: what a look that is under way finds may be older than what was told of it since. */
  #isCheckDue = false

  constructor(path: string, options: DocumentOptions) {
    this.path = path
    this.#options = options
    this.#draft = new OwnDraft(options.drafts)
    this.#clock = new DocumentClock({ save: () => void this.save(), keepDraft: () => void this.#keepDraft() })
  }

  get buffer(): TextBuffer {
    return this.#buffer
  }

  /** Whether something here is not on disk. */
  get isUnsaved(): boolean {
    const state = this.state.getSnapshot()
    return state.kind === 'text' && state.save.kind !== 'saved' && !(state.save.kind === 'deleted' && !this.#isEdited)
  }

  get #isReadonly(): boolean {
    return !this.#options.mayEdit.getSnapshot()
  }

  get #isEdited(): boolean {
    return this.#version > 0
  }

  /** Reads the file, and a draft of it that an earlier page left. */
  async #load(): Promise<void> {
    try {
      const [read, draft] = await Promise.all([this.#read(), this.#draft.take(this.path)])
      if (draft === undefined) return this.#follow(read)
      if (read === undefined) return this.#restore({ ...draft, baseEtag: null }, { kind: 'deleted' })
      if (read.kind === 'text' && read.content === draft.content) return this.#follow(read)
      // A REPL that slept has the same texts under other etags.
      const isSameBase = read.kind === 'text' && (read.etag === draft.baseEtag || read.content === draft.baseText)
      this.#restore(draft, isSameBase ? { kind: 'dirty' } : { kind: 'conflict', theirs: read })
      if (!isSameBase) return
      this.#disk.holds(read.content, read.etag)
      this.#clock.due()
    } catch (error) {
      // What was lost with the line is asked for again when it is back; the rest would be waited for without end.
      const isWaitedFor = isLost(error) && this.#options.line.state.getSnapshot().kind !== 'open'
      if (!isWaitedFor) this.state.set({ kind: 'failed', error: describeError(error) })
    }
  }

  bind(buffer: TextBuffer): void {
    buffer.setText(this.#buffer.getText())
    this.#buffer = buffer
  }

  edited(): void {
    this.#version += 1
    const save = this.#save
    if (save === undefined || this.#isReadonly) return
    this.#clock.edited()
    if (save.kind === 'saved') this.#setSave({ kind: 'dirty' })
    // What is typed into a file that is gone makes it unsaved, which those who count must be told.
    if (save.kind === 'deleted' && this.#version === 1) this.#setSave({ kind: 'deleted' })
  }

  async save(): Promise<void> {
    while (this.#saving !== undefined) await this.#saving
    // Text of somebody who may only look now is kept here, for when they may write again.
    if (this.#save?.kind === 'dirty' && !this.#isReadonly) await this.#write(this.#disk.etag)
  }

  async keepMine(): Promise<void> {
    if (this.#isReadonly) return
    const save = this.#save
    if (save?.kind === 'conflict') await this.#write(save.theirs.etag)
    if (save?.kind === 'deleted') await this.#write(null)
  }

  takeTheirs(): void {
    const save = this.#save
    if (save?.kind === 'conflict') this.#follow(save.theirs)
  }

  /** The disk may have changed under the document: looks, and follows or asks. Called on events and after a reconnect. */
  async check(): Promise<void> {
    this.#isCheckDue = true
    this.#checking ??= this.#lookWhileDue()
    await this.#checking
  }

  /** The person may write now, or no more. What could not be saved meanwhile is due again. */
  roleChanged(): void {
    const save = this.#save
    if (save === undefined) return
    this.#setSave(save)
    if (save.kind === 'dirty' && !this.#isReadonly) this.#clock.due()
  }

  /** The file was moved together with this document. */
  async movedTo(path: string): Promise<void> {
    const from = this.path
    this.path = path
    await this.#draft.delete(from)
    if (this.isUnsaved) await this.#keepDraft()
  }

  /** Forgets what was typed, for good: the tab was closed with "don't save". What is under way here writes nothing more. */
  async discard(): Promise<void> {
    this.#rest()
    this.state.set({ kind: 'loading' })
    await this.#draft.delete(this.path)
  }

  /** Ends what is due here. Text that is not on the disk is kept as a draft at once. */
  [Symbol.dispose](): void {
    void this.#keepDraft()
    this.#rest()
  }

  #rest(): void {
    this.#isCheckDue = false
    this.#clock[Symbol.dispose]()
  }

  get #save(): SaveState | undefined {
    const state = this.state.getSnapshot()
    return state.kind === 'text' ? state.save : undefined
  }

  async #lookWhileDue(): Promise<void> {
    try {
      while (this.#isCheckDue) await (this.#saving ?? this.#look())
    } finally {
      this.#checking = undefined
    }
  }

  #look(): Promise<void> {
    this.#isCheckDue = false
    return this.state.getSnapshot().kind === 'text' ? this.#compare() : this.#load()
  }

  async #compare(): Promise<void> {
    try {
      if (await this.#isKnown()) return
      const read = await this.#read()
      const save = this.#save
      if (save === undefined || this.#saving !== undefined) return
      if (read === undefined) return this.#vanished(save)
      if (read.etag === this.#disk.etag) return this.#settleUnchanged(save)
      if (!this.isUnsaved) return this.#follow(read)
      if (read.kind !== 'text') return this.#setSave({ kind: 'conflict', theirs: read })
      if (read.content === this.#buffer.getText()) return this.#adopt(read.content, read.etag)
      if (!this.#disk.isOurs(read.content)) return this.#setSave({ kind: 'conflict', theirs: read })
      // Nobody else wrote: what was typed since goes on top of it.
      this.#disk.holds(read.content, read.etag)
      this.#setSave({ kind: 'dirty' })
      this.#clock.due()
    } catch (error) {
      if (!isLost(error)) this.#setSave({ kind: 'dirty', error: describeError(error) })
    }
  }

  /**
   * Asks whether a long text is still what the disk has. A burst of changes in the workspace has all documents look, and
   * so has each save: read every time, they would take the line for themselves.
   */
  async #isKnown(): Promise<boolean> {
    if (!this.#disk.isLong || this.#disk.etag === null) return false
    const stat = await this.#unlessGone(this.#options.line.request('files.stat', { path: this.path }))
    const save = this.#save
    if (save === undefined || this.#saving !== undefined) return true
    if (stat?.etag !== this.#disk.etag) return false
    this.#settleUnchanged(save)
    return true
  }

  /** The disk has what we think it has; a save that failed for want of a connection, or met another text, is due again. */
  #settleUnchanged(save: SaveState): void {
    if (save.kind === 'conflict') this.#setSave({ kind: 'dirty' })
    if (save.kind === 'dirty' || save.kind === 'conflict') this.#clock.due()
  }

  #vanished(save: SaveState): void {
    if (save.kind === 'dirty' && this.#disk.etag === null) return this.#clock.due()
    this.#disk.vanished()
    this.#setSave({ kind: 'deleted' })
  }

  async #write(ifMatch: string | null): Promise<void> {
    const content = this.#buffer.getText()
    const version = this.#version
    this.#clock.saved()
    this.#setSave({ kind: 'saving' })
    this.#saving = this.#send(content, ifMatch).then((save) => this.#wrote(save, version))
    await this.#saving
  }

  async #send(content: string, ifMatch: string | null): Promise<SaveState | 'refused'> {
    const { line } = this.#options
    const isSent = line.state.getSnapshot().kind === 'open'
    try {
      refuseTooLarge(content)
      const { etag } = await line.request('files.write', { path: this.path, content, ifMatch })
      this.#disk.holds(content, etag)
      return { kind: 'saved', at: Date.now() }
    } catch (error) {
      if (isCode(error, 'conflict') || isCode(error, 'not_found')) return 'refused'
      if (isSent && isLost(error)) this.#disk.mayHold(content)
      return { kind: 'dirty', error: describeError(error) }
    }
  }

  async #wrote(save: SaveState | 'refused', version: number): Promise<void> {
    this.#saving = undefined
    if (this.#save === undefined) return
    const isAll = version === this.#version
    if (save === 'refused') {
      this.#setSave({ kind: 'dirty' })
      return this.#compare()
    }
    this.#setSave(save.kind === 'saved' && !isAll ? { kind: 'dirty' } : save)
    if (save.kind !== 'saved') return
    if (!isAll) return this.#clock.due()
    this.#version = 0
    await this.#draft.delete(this.path)
  }

  #read(): Promise<Read | undefined> {
    return this.#unlessGone(this.#options.line.request('files.read', { path: this.path }))
  }

  async #unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
    try {
      return await asked
    } catch (error) {
      if (isCode(error, 'not_found')) return undefined
      throw error
    }
  }

  #follow(read: Read | undefined): void {
    if (read === undefined) {
      const error = { code: 'not_found', message: `"${this.path}" is not there any more.`, path: this.path } as const
      return this.state.set({ kind: 'failed', error })
    }
    if (read.kind === 'text') return this.#adopt(read.content, read.etag)
    this.#forget()
    this.state.set({ kind: read.kind, size: read.size })
  }

  #adopt(content: string, etag: string): void {
    if (this.#buffer.getText() !== content) this.#buffer.setText(content)
    this.#disk.holds(content, etag)
    this.#forget()
    this.#setSave({ kind: 'saved' })
  }

  /** Nothing here is worth a save any more. */
  #forget(): void {
    this.#version = 0
    this.#clock.saved()
    void this.#draft.delete(this.path)
  }

  #restore({ content, baseEtag, baseText }: Draft, save: SaveState): void {
    this.#buffer.setText(content)
    this.#disk.heldOnce(baseText, baseEtag)
    this.#version = 1
    this.#setSave(save)
  }

  #setSave(save: SaveState): void {
    this.state.set({ kind: 'text', save, isReadonly: this.#isReadonly })
  }

  async #keepDraft(): Promise<void> {
    if (!this.isUnsaved) return
    const { etag, text } = this.#disk
    await this.#draft.put(this.path, { content: this.#buffer.getText(), baseEtag: etag, baseText: text })
  }
}

/** What the editor could not open again it does not write either. */
function refuseTooLarge(content: string): void {
  if (!isLongerThan(content, MAX_EDITOR_FILE_BYTES)) return
  throw new RequestError({
    code: 'too_large',
    message: `It is larger than the ${MAX_EDITOR_FILE_BYTES / 2 ** 20} MiB that the editor can save.`,
    advice: 'Make it shorter, or upload it as a file.',
  })
}
