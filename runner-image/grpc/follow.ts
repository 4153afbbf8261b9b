/**
 * Whatever `take` has to give, again whenever `subscribe` says that there is more, until it gives `undefined` as its last
 * or `signal` aborts. Nothing is gathered while the reader is slow.
 */
export async function* follow<T>(
  subscribe: (listener: () => void) => () => void,
  take: () => { items: T[]; isLast: boolean },
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
      const { items, isLast } = take()
      yield* items
      if (isLast) return
      // What came while the reader took these is taken at once.
      if (items.length > 0) isMore = true
    }
  } finally {
    unsubscribe()
    signal.removeEventListener('abort', more)
  }
}
