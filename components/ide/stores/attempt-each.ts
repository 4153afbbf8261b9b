import { FILES_AT_ONCE } from './limits.ts'

/** What came of each of several things. */
export interface Outcome<T, R> {
  done: R[]
  failed: { item: T; error: unknown }[]
}

/** Does something with each item, a few at a time; one that fails stops no other. */
export async function attemptEach<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<Outcome<T, R>> {
  const outcome: Outcome<T, R> = { done: [], failed: [] }
  const waiting = items.values()
  const takeTurns = async (): Promise<void> => {
    for (const item of waiting) {
      try {
        outcome.done.push(await work(item))
      } catch (error) {
        outcome.failed.push({ item, error })
      }
    }
  }
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, takeTurns))
  return outcome
}
