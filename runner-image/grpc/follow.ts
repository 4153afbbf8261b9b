/** What there is to give now, and what comes next: a word that there is more, more at once, or nothing ever. */
interface Taken<T> {
  items: readonly T[]
  next: 'wait' | 'again' | 'end'
}

/**
 * Whatever `take` has to give, again whenever `subscribe` says that there is more, until it is the end or `signal`
 * aborts. Nothing is gathered while the reader is slow.
 */
export async function* follow<T>(
  subscribe: (listener: () => void) => () => void,
  take: () => Taken<T>,
  signal: AbortSignal,
): AsyncGenerator<T> {
  let wake = () => {}
  let isMore = true
  const more = () => {
    isMore = true
    wake()
  }
  const unsubscribe = subscribe(more)
  signal.addEventListener('abort', more)
  try {
    while (!signal.aborted) {
      if (!isMore) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
        continue
      }
      isMore = false
      const { items, next } = take()
      yield* items
      if (next === 'end') return
      if (next === 'again') isMore = true
    }
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', more)
  }
}
