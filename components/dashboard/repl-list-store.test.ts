import { describe, expect, test } from 'vitest'
import { replWith } from '#components/dashboard/_repl.ts'
import { createReplListStore } from '#components/dashboard/repl-list-store.ts'
import type { ReplListApi } from '#components/dashboard/repl-list-store.ts'
import type { WireError } from '#protocol/errors.ts'
import type { ReplView } from '#server/repls/views.ts'

const REFUSED: WireError = { code: 'quota_exceeded', message: '5 REPLs run already.', advice: 'Stop one first.' }

function storeWith(over: Partial<ReplListApi> = {}, repls: ReplView[] = [replWith()]) {
  let push: (repls: ReplView[]) => void = () => {}
  let breakOff: (error: WireError) => void = () => {}
  let watches = 0
  const api: ReplListApi = {
    list: async () => repls,
    watch: ({ list, live, failed }) => {
      watches += 1
      push = list
      breakOff = failed
      live(true)
      return () => {
        push = () => {}
      }
    },
    start: async () => replWith({ generation: 2, state: { kind: 'starting', phases: [] } }),
    stop: async () => replWith({ state: { kind: 'stopping', phases: [] } }),
    rename: async (_, name) => replWith({ name }),
    keep: async () => replWith(),
    delete: async () => {},
    restore: async () => replWith(),
    fork: async () => replWith({ id: 'f000000000000000', name: 'Fork' }),
    errorOf: () => REFUSED,
    ...over,
  }
  const store = createReplListStore(api, { repls })
  const first = () => store.getSnapshot().repls?.[0]
  return {
    store,
    first,
    push: (list: ReplView[]) => push(list),
    breakOff: (error: WireError) => breakOff(error),
    watches: () => watches,
  }
}

const fail = () => Promise.reject(new Error('refused'))

describe('the list of repls', () => {
  test('an action shows while it is under way and its answer replaces the row', async () => {
    const { store, first } = storeWith()
    const done = store.run('start', 'r000000000000001')
    expect(store.getSnapshot().pending.get('r000000000000001')).toBe('start')
    expect(await done).toBe(true)
    expect(first()?.state.kind).toBe('starting')
    expect(store.getSnapshot().pending.size).toBe(0)
  })

  test('a refused action leaves the row as it was, with the reason in it until the next try', async () => {
    const { store, first } = storeWith({ start: fail })
    expect(await store.run('start', 'r000000000000001')).toBe(false)
    expect(first()?.state.kind).toBe('stopped')
    expect(store.getSnapshot().failures.get('r000000000000001')).toEqual(REFUSED)
    store.dismissFailure('r000000000000001')
    expect(store.getSnapshot().failures.size).toBe(0)
  })

  test('a second click while the first is under way does nothing', async () => {
    let calls = 0
    const { store } = storeWith({ start: async () => ((calls += 1), replWith()) })
    const both = await Promise.all([store.run('start', 'r000000000000001'), store.run('start', 'r000000000000001')])
    expect([both, calls]).toEqual([[true, false], 1])
  })

  test('a new name shows at once and goes back if it is refused', async () => {
    const { store, first } = storeWith({ rename: fail })
    const done = store.rename('r000000000000001', 'web')
    expect(first()?.name).toBe('web')
    expect(await done).toBe(false)
    expect(first()?.name).toBe('api')
  })

  test('deleting keeps the repl restorable, and undo brings it back', async () => {
    const { store, first } = storeWith()
    await store.run('delete', 'r000000000000001')
    expect(first()?.state.kind).toBe('deleted')
    await store.run('restore', 'r000000000000001')
    expect(first()?.state.kind).toBe('stopped')
  })

  test('an answer that is older than what the subscription brought is ignored', async () => {
    const { promise, resolve } = Promise.withResolvers<ReplView>()
    const { store, first, push } = storeWith({ start: () => promise })
    const end = store.connect()
    const done = store.run('start', 'r000000000000001')
    push([replWith({ generation: 2, state: { kind: 'running', since: 1 } })])
    resolve(replWith({ generation: 2, state: { kind: 'starting', phases: [] } }))
    await done
    expect(first()?.state.kind).toBe('running')
    end()
  })

  test('after a failure, retry brings the list and takes the error away', async () => {
    let isUp = false
    const { store } = storeWith({ list: () => (isUp ? Promise.resolve([replWith()]) : fail()) })
    await store.retry()
    expect(store.getSnapshot().error).toEqual(REFUSED)
    isUp = true
    await store.retry()
    expect(store.getSnapshot().error).toBeUndefined()
  })

  test('following that failed is begun again by itself', async () => {
    const { store, first, push, breakOff, watches } = storeWith()
    const end = store.connect()
    breakOff({ code: 'unavailable', message: 'The state store does not answer.' })
    expect(store.getSnapshot()).toMatchObject({ isLive: false, error: { code: 'unavailable' } })
    await expect.poll(watches).toBe(2)
    push([replWith({ name: 'after' })])
    expect(first()?.name).toBe('after')
    expect(store.getSnapshot().isLive).toBe(true)
    expect(store.getSnapshot().error).toBeUndefined()
    end()
  })

  test('following that was refused is begun again when somebody tries again, as after signing in', async () => {
    const { store, first, push, breakOff, watches } = storeWith()
    const end = store.connect()
    breakOff({ code: 'unauthenticated', message: 'You are signed out.' })
    await store.retry()
    expect(watches()).toBe(2)
    expect(store.getSnapshot().error).toBeUndefined()
    push([replWith({ name: 'after' })])
    expect(first()?.name).toBe('after')
    end()
  })
})
