import { setTimeout as delay } from 'node:timers/promises'

/** How long anything may take that must come about. */
export const PATIENCE_MS = 60_000
const LOOK_MS = 25

/** Looks until it is so; what cannot be asked just now is not so yet. */
export async function eventually(what: string, isSo: () => Promise<boolean>, why = () => ''): Promise<void> {
  const until = Date.now() + PATIENCE_MS
  let last = ''
  while (Date.now() < until) {
    try {
      if (await isSo()) return
    } catch (error) {
      last = error instanceof Error ? error.message : String(error)
    }
    await delay(LOOK_MS)
  }
  throw new Error(`Not so after ${PATIENCE_MS / 1000} s: ${what}. ${why()} ${last}`)
}
