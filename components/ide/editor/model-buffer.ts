import type * as Api from 'monaco-editor/editor/editor.api.js'
import type { TextBuffer } from '../stores/text-buffer.ts'

/** A document's text in an editor model. */
export class ModelBuffer implements TextBuffer {
  readonly model: Api.editor.ITextModel
  #isOurs = false

  /** `edited` is called when the person changes the text, not when the disk does. */
  constructor(model: Api.editor.ITextModel, edited: () => void) {
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
    // An edit rather than a new value: undo brings back what was here before.
    this.model.pushEditOperations([], [{ range: this.model.getFullModelRange(), text }], () => null)
    this.#isOurs = false
  }
}
