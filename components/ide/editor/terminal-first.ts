import { EDITOR_WAITS_MS } from '../stores/limits.ts'
import type { Readable } from '../stores/store.ts'

/**
 * Resolves when a terminal's first output is on the screen, at the latest after `EDITOR_WAITS_MS`: a prompt is drawn in
 * no time, while reading the editor's code would keep it waiting.
 */
export function terminalFirst(isDrawn: Readable<boolean>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const afterPaint = (): void => {
    if (isDrawn.getSnapshot()) requestAnimationFrame(() => setTimeout(resolve))
  }
  const stop = isDrawn.subscribe(afterPaint)
  const limit = setTimeout(resolve, EDITOR_WAITS_MS)
  afterPaint()
  return promise.finally(() => {
    stop()
    clearTimeout(limit)
  })
}
