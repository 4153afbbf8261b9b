const ESC = 0x1b
/** Longest escape sequence that is waited for; anything longer is not one that matters here. */
const MAX_SEQUENCE_BYTES = 64

/**
 * What a terminal was last told about its private modes (alternate screen, cursor keys, mouse, bracketed paste …) in
 * output that has left the ring. Replaying these before the ring gives a late joiner the right state, without parsing
 * everything that was ever printed.
 */
export class ForgottenModes {
  readonly #modes = new Map<string, 'h' | 'l'>()
  /** An escape sequence whose end has not left the ring yet. */
  #partial: Uint8Array = new Uint8Array()

  /** Takes bytes that leave the ring, in order. */
  forget(bytes: Uint8Array): void {
    const all = this.#partial.length === 0 ? bytes : Buffer.concat([this.#partial, bytes])
    this.#partial = new Uint8Array()
    for (let at = all.indexOf(ESC); at !== -1; at = all.indexOf(ESC, at + 1)) {
      if (at + MAX_SEQUENCE_BYTES > all.length && !isComplete(all.subarray(at))) {
        this.#partial = Uint8Array.from(all.subarray(at))
        return
      }
      this.#apply(
        Buffer.from(all.subarray(at, at + MAX_SEQUENCE_BYTES))
          .toString('latin1')
          .slice(1),
      )
    }
  }

  /** Escape sequences that bring a fresh terminal to where the ring begins. */
  prefix(): Uint8Array {
    const modes = [...this.#modes].map(([mode, state]) => `\u001b[?${mode}${state}`).join('')
    return Buffer.concat([Buffer.from(modes, 'latin1'), this.#partial])
  }

  #apply(sequence: string): void {
    if (sequence.startsWith('c')) {
      this.#modes.clear()
      return
    }
    const found = PRIVATE_MODE.exec(sequence)
    if (found === null) return
    const [, modes = '', state] = found
    for (const mode of modes.split(';')) {
      this.#modes.delete(mode)
      this.#modes.set(mode, state === 'h' ? 'h' : 'l')
    }
  }
}

const PRIVATE_MODE = /^\[\?([0-9;]{1,40})([hl])/

/** Whether a sequence's last byte is here: CSI ends with `@`…`~`, anything else is short enough. */
function isComplete(bytes: Uint8Array): boolean {
  if (bytes.length < 2) return false
  if (bytes[1] !== 0x5b) return true
  return bytes.subarray(2).some((byte) => byte < 0x20 || byte >= 0x40)
}
