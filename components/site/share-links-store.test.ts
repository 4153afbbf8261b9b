import { describe, expect, test } from 'vitest'
import { createShareLinksStore } from '#components/site/share-links-store.ts'
import type { ShareLinksApi } from '#components/site/share-links-store.ts'
import type { CreateShare, ShareView } from '#server/repls/views.ts'

function share(over: Partial<ShareView> = {}): ShareView {
  return { id: 's1', role: 'viewer', createdAt: 1, allowSignedOut: false, people: [], ...over }
}

function storeWith(over: Partial<ShareLinksApi> = {}) {
  const asked: CreateShare[] = []
  const store = createShareLinksStore({
    list: async () => [share({ id: 'old', createdAt: 1 }), share({ id: 'new', createdAt: 2 })],
    create: async (input) => {
      asked.push(input)
      return { share: share({ id: 'made', role: input.role }), token: 'secret' }
    },
    revoke: async () => {},
    errorOf: () => ({ code: 'unavailable', message: 'The server could not be reached.' }),
    ...over,
  })
  const ids = () => store.getSnapshot().shares?.map((entry) => entry.id)
  return { store, asked, ids }
}

describe('the links of a repl', () => {
  test('a new link comes first, with its token this once', async () => {
    const { store, ids } = storeWith()
    await store.load()
    await store.create({ role: 'viewer', expiry: 'never', allowSignedOut: false })
    expect(ids()).toEqual(['made', 'new', 'old'])
    expect(store.getSnapshot().created).toEqual({ shareId: 'made', token: 'secret' })
  })

  test('only a viewer link can work without signing in, whatever the switch says', async () => {
    const { store, asked } = storeWith()
    await store.create({ role: 'editor', expiry: 'never', allowSignedOut: true })
    await store.create({ role: 'viewer', expiry: 'never', allowSignedOut: true })
    expect(asked).toEqual([
      { role: 'editor', allowSignedOut: false },
      { role: 'viewer', allowSignedOut: true },
    ])
  })

  test('an expiry counts from now', async () => {
    const { store, asked } = storeWith()
    const before = Date.now()
    await store.create({ role: 'viewer', expiry: 'day', allowSignedOut: false })
    const expiresIn = (asked[0]?.expiresAt ?? 0) - before
    expect(expiresIn).toBeGreaterThanOrEqual(86_400_000)
    expect(expiresIn).toBeLessThan(86_460_000)
  })

  test('a revoked link is gone, and so is its token', async () => {
    const { store, ids } = storeWith()
    await store.create({ role: 'viewer', expiry: 'never', allowSignedOut: false })
    await store.revoke('made')
    expect(ids()).toEqual([])
    expect(store.getSnapshot().created).toBeUndefined()
  })

  test('a link that could not be revoked stays in the list, and the reason shows', async () => {
    const { store, ids } = storeWith({ revoke: () => Promise.reject(new Error('offline')) })
    await store.load()
    await store.revoke('old')
    expect(ids()).toEqual(['new', 'old'])
    expect(store.getSnapshot().error?.message).toBe('The server could not be reached.')
    expect(store.getSnapshot().revoking.size).toBe(0)
  })
})
