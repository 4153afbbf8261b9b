/** A limit on how long work may stand still, and on how long it may take. */
export interface Patience extends Disposable {
  /** Aborts when either is over. */
  readonly signal: AbortSignal
  /** Something went on: it did not stand still. */
  readonly renew: () => void
  /** Which of the two is over, in milliseconds; `undefined`: neither. */
  readonly over: { kind: 'stall' | 'limit'; ms: number } | undefined
}

export function createPatience({ stallMs, limitMs }: { stallMs: number; limitMs: number }): Patience {
  const controller = new AbortController()
  let over: Patience['over']
  const end = (kind: 'stall' | 'limit', ms: number) => {
    over ??= { kind, ms }
    controller.abort()
  }
  const stall = setTimeout(end, stallMs, 'stall', stallMs)
  const limit = setTimeout(end, limitMs, 'limit', limitMs)
  return {
    signal: controller.signal,
    renew: () => void stall.refresh(),
    get over() {
      return over
    },
    [Symbol.dispose]: () => {
      clearTimeout(stall)
      clearTimeout(limit)
    },
  }
}
