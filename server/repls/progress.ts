import { createBell } from '#server/repls/bell.ts'
import type { Work } from '#server/repls/driver.ts'
import { PROGRESS_SAVE_MS } from '#server/repls/limits.ts'
import type { PhaseUpdate } from '#server/repls/repl-events.ts'

/** Writes the phases of a piece of work into the record: a new phase at once, details of one at most every `PROGRESS_SAVE_MS`. */
export interface Progress extends AsyncDisposable {
  show(update: PhaseUpdate): void
}

export function createProgress(work: Work, now: () => number): Progress {
  const closing = new AbortController()
  let pending: PhaseUpdate | undefined
  let writing: Promise<void> | undefined
  let shown: PhaseUpdate['name'] | undefined
  const hurry = createBell()

  const write = async () => {
    while (pending !== undefined && !closing.signal.aborted) {
      const phase = pending
      pending = undefined
      shown = phase.name
      await work.apply({ type: 'phase', at: now(), generation: work.repl.generation, phase })
      // A new phase, or the end, does not wait for the pause between two details.
      await hurry.wait(PROGRESS_SAVE_MS, closing.signal)
    }
  }

  return {
    show: (update) => {
      if (closing.signal.aborted) return
      pending = update
      if (writing !== undefined && update.name !== shown) hurry.ring()
      // Refused: the work's signal says so to whoever does it.
      writing ??= write()
        .catch(() => undefined)
        .finally(() => {
          writing = undefined
        })
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await writing
    },
  }
}

/** "312 of 2,000 files". */
export function ofTotal(done: number, total: number, unit: string): PhaseDetail {
  const number = new Intl.NumberFormat('en')
  return {
    detail: `${number.format(done)} of ${number.format(total)} ${unit}`,
    ...(total > 0 && { percent: Math.min(100, (done / total) * 100) }),
  }
}

type PhaseDetail = Omit<PhaseUpdate, 'name'>
