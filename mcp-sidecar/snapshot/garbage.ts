import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Counts bytes that were used once, and has them collected before they pile up: V8 itself looks at memory
 * outside its heap only once 64 MiB of it were added. With a heap as small as the sidecar's that takes some milliseconds.
 */
export class Garbage {
  readonly #limitBytes: number
  #collect: (() => void) | undefined
  #bytes = 0

  /** Collects each time that `limitBytes` have come together. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  add(bytes: number): void {
    this.#bytes += bytes
    if (this.#bytes < this.#limitBytes) return
    this.#bytes = 0
    this.#collect ??= exposeGc()
    this.#collect()
  }
}

function exposeGc(): () => void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  return typeof collect === 'function' ? () => void collect() : () => undefined
}
