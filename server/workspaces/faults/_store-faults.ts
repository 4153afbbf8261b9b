/** What goes wrong between a program and its store. */
export const FAULT_KINDS = ['500', '503', 'slow', 'cut', 'lost-answer'] as const
export type FaultKind = (typeof FAULT_KINDS)[number]

/** Which calls it hits: writes of packs and manifests, of heads, or reads. */
export type FaultPlace = 'object-write' | 'head-write' | 'read'

export interface StoreFault {
  kind: FaultKind
  place: FaultPlace
  /** How many calls it hits before all is well again. */
  times: number
}

/** Faults to come, shared by a store's wrapper or proxy and the test that arms them. */
export interface StoreFaults {
  /** Hits the next calls; how many it has hit so far can be asked at any time. */
  arm(fault: StoreFault): { fired(): number; disarm(): void }
  /** The fault that this call is to suffer. */
  take(place: FaultPlace): FaultKind | undefined
  /** Resolves when the next write of this place begins. */
  nextWrite(place: FaultPlace): Promise<void>
}

export function createStoreFaults(): StoreFaults {
  const armed = new Set<StoreFault & { left: number }>()
  const waiting = new Map<FaultPlace, PromiseWithResolvers<void>>()
  return {
    arm: (fault) => {
      const entry = { ...fault, left: fault.times }
      armed.add(entry)
      return { fired: () => entry.times - entry.left, disarm: () => void armed.delete(entry) }
    },
    take: (place) => {
      waiting.get(place)?.resolve()
      waiting.delete(place)
      const entry = [...armed].find((fault) => fault.place === place && fault.left > 0)
      if (entry === undefined) return undefined
      entry.left -= 1
      return entry.kind
    },
    nextWrite: (place) => {
      const waiter = waiting.get(place) ?? Promise.withResolvers<void>()
      waiting.set(place, waiter)
      return waiter.promise
    },
  }
}

/** Whether a key is a repl's head. */
export function isHead(key: string): boolean {
  return key.endsWith('/head.json')
}

/** How long a slow store takes for one call: above what any save takes, below every timeout. */
export const SLOW_MS = 400
