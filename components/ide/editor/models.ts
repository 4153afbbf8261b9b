import type * as Api from 'monaco-editor/editor/editor.api.js'
import type { FileDocument } from '../stores/file-document.ts'
import { PlainBuffer } from '../stores/text-buffer.ts'
import { ModelBuffer } from './model-buffer.ts'

/** Where the files seem to be, for the editor. */
const TOP = '/workspace/'

interface Held {
  document: FileDocument
  buffer: ModelBuffer
}

/** The models of open documents: one each, whichever and however many editors show it, with one past to undo. */
export class Models implements Disposable {
  readonly #monaco: typeof Api
  readonly #held = new Map<string, Held>()

  constructor(monaco: typeof Api) {
    this.#monaco = monaco
  }

  /** The model of a document; its text moves into it when it is first shown. */
  of(document: FileDocument): Api.editor.ITextModel {
    const known = this.#held.get(document.path)
    if (known?.document === document) return known.buffer.model
    if (known !== undefined) this.#drop(document.path)
    const uri = this.#monaco.Uri.file(`${TOP}${document.path}`)
    const model = this.#monaco.editor.createModel(document.buffer.getText(), undefined, uri)
    // The editor's own choice is the visitor's system: these files are a Linux machine's.
    if (model.getLineCount() === 1) model.setEOL(this.#monaco.editor.EndOfLineSequence.LF)
    const buffer = new ModelBuffer(this.#monaco, model, () => document.edited())
    document.bind(buffer)
    this.#held.set(document.path, { document, buffer })
    return model
  }

  /** The path of what has a model here; `undefined` for what is drawn elsewhere: the sides of a comparison. */
  pathOf(uri: Api.Uri): string | undefined {
    const path = uri.scheme === 'file' ? uri.path.slice(TOP.length) : ''
    return this.#held.has(path) ? path : undefined
  }

  /** Lets go of models whose document is not open any more. */
  sweep(open: ReadonlySet<string>): void {
    for (const path of this.#held.keys()) if (!open.has(path)) this.#drop(path)
  }

  [Symbol.dispose](): void {
    for (const path of this.#held.keys()) this.#drop(path)
  }

  #drop(path: string): void {
    const held = this.#held.get(path)
    if (held === undefined) return
    this.#held.delete(path)
    // The text lives on without an editor, unless it already moved on to the model of another path.
    if (held.document.buffer === held.buffer) held.document.bind(new PlainBuffer())
    held.buffer.model.dispose()
  }
}
