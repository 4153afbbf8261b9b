import type { Random } from '#server/workspaces/faults/_random.ts'

interface Round<T> {
  name: string
  run: (subject: T) => Promise<void>
}

/** How many faults a subject suffered, by name. */
export type Tally = Map<string, number>

/**
 * `count` faults, one after the other: each kind once before any comes again, in an order drawn anew each time. The
 * first thing that does not hold ends it, with what was done to get there.
 */
export async function suffer<T>(
  subject: T,
  rounds: readonly Round<T>[],
  { random, count }: { random: Random; count: number },
): Promise<Tally> {
  const tally: Tally = new Map()
  const done: string[] = []
  let deck: Round<T>[] = []
  while (done.length < count) {
    if (deck.length === 0) deck = [...rounds]
    const [round] = deck.splice(random.int(deck.length), 1)
    if (round === undefined) throw new Error('There are no faults to suffer.')
    try {
      await round.run(subject)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`After ${done.length} faults (last: ${done.slice(-3).join('; ')}), ${round.name}:\n${why}`, {
        cause,
      })
    }
    done.push(round.name)
    tally.set(round.name, (tally.get(round.name) ?? 0) + 1)
  }
  return tally
}

/** Draws are repeated by FAULT_SEED; every failure names its seed. */
export async function withSeed<T>(seed: number, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`Again with FAULT_SEED=${seed}. ${why}`, { cause })
  }
}

/** Waits for all, also where one fails: each cleans up behind itself before the test ends. */
export async function allOf<T>(work: Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(work)
  return Promise.all(work)
}
