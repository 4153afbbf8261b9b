import { setImmediate } from 'node:timers/promises'
import { SLICE_MS } from '../limits.ts'

/** Lets other work have its turn: `await` what it returns, which is nothing while the slice lasts. */
export function createSlices(): () => Promise<void> | undefined {
  let began = performance.now()
  return () => {
    if (performance.now() - began < SLICE_MS) return undefined
    return setImmediate().then(() => {
      began = performance.now()
    })
  }
}
