import type * as Api from 'monaco-editor/editor/editor.api.js'
import type { TextBuffer } from '../stores/text-buffer.ts'

/** A byte order mark, which a model keeps beside its text. */
const BOM = '\u{FEFF}'

/** A document's text in an editor model. */
export class ModelBuffer implements TextBuffer {
  readonly model: Api.editor.ITextModel
  readonly #monaco: typeof Api
  #isOurs = false

  /** `edited` is called when the person changes the text, not when the disk does. */
  constructor(monaco: typeof Api, model: Api.editor.ITextModel, edited: () => void) {
    this.#monaco = monaco
    this.model = model
    model.onDidChangeContent(() => {
      if (!this.#isOurs) edited()
    })
  }

  getText(): string {
    return this.model.getValue(undefined, true)
  }

  setText(text: string): void {
    if (text === this.getText()) return
    this.#isOurs = true
    if (text.startsWith(BOM) === this.getText().startsWith(BOM)) this.#edit(text.replace(BOM, ''))
    // No edit adds a byte order mark or takes it away.
    else this.model.setValue(text)
    this.#isOurs = false
  }

  /** An edit rather than a new value: undo brings back what was here before, line endings too. */
  #edit(text: string): void {
    const { model } = this
    const { LF, CRLF } = this.#monaco.editor.EndOfLineSequence
    model.pushStackElement()
    const eol = lineEndOf(text)
    if (eol !== undefined && eol !== model.getEOL()) model.pushEOL(eol === '\n' ? LF : CRLF)
    model.pushEditOperations([], [{ range: model.getFullModelRange(), text }], () => null)
    model.pushStackElement()
  }
}

/** How most lines end; `undefined`: there is one line. */
function lineEndOf(text: string): '\n' | '\r\n' | undefined {
  const all = text.split('\n').length - 1
  if (all === 0) return undefined
  return text.split('\r\n').length - 1 > all / 2 ? '\r\n' : '\n'
}
