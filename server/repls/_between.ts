import { AppError } from '#server/errors.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

type Call = 'get' | 'getMany' | 'put' | 'delete' | 'list' | 'transact' | 'lease' | 'renew' | 'publish' | 'subscribe'

/** A state store with somebody between it and its user: calls that are cut never reach it. */
export interface Between {
  store: StateStore
  /** Calls fail from now on: all of them, or those named. */
  cut(...calls: Call[]): void
  /** What these calls do takes place from now on, but the answer is lost. */
  loseAnswers(...calls: Call[]): void
  /** All calls come through again. */
  mend(): void
}

export function between(store: StateStore): Between {
  const none: (call: Call) => boolean = () => false
  let isCut = none
  let isUnheard = none
  const pass = async <T>(call: Call, ask: () => Promise<T>): Promise<T> => {
    if (isCut(call)) throw outOfReach(call)
    const answer = await ask()
    if (isCut(call) || isUnheard(call)) throw outOfReach(call)
    return answer
  }
  return {
    cut: (...calls) => {
      isCut = (call) => calls.length === 0 || calls.includes(call)
    },
    loseAnswers: (...calls) => {
      isUnheard = (call) => calls.includes(call)
    },
    mend: () => {
      isCut = none
      isUnheard = none
    },
    store: {
      get: (key) => pass('get', () => store.get(key)),
      getMany: (keys) => pass('getMany', () => store.getMany(keys)),
      put: (key, value, options) => pass('put', () => store.put(key, value, options)),
      delete: (key, expected) => pass('delete', () => store.delete(key, expected)),
      list: (prefix, options) => pass('list', () => store.list(prefix, options)),
      transact: (writes) => pass('transact', () => store.transact(writes)),
      lease: async (name, ms) => {
        const lease = await pass('lease', () => store.lease(name, ms))
        if (lease === undefined) return undefined
        return {
          fence: lease.fence,
          renew: () => pass('renew', () => lease.renew()),
          [Symbol.asyncDispose]: () => pass('lease', async () => lease[Symbol.asyncDispose]()),
        }
      },
      publish: (channel, message) => pass('publish', () => store.publish(channel, message)),
      subscribe: (channel, listener) => pass('subscribe', () => store.subscribe(channel, listener)),
      [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    },
  }
}

function outOfReach(call: Call): AppError {
  return new AppError('unavailable', `The state store is out of reach (${call}).`)
}
