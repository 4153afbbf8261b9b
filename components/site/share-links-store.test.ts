import { describe, expect, test } from 'vitest'
import { createShareLinksStore } from '#components/site/share-links-store.ts'
import type { ShareDraft, ShareLinksApi } from '#components/site/share-links-store.ts'
import type { CreateShare, ShareView } from '#server/repls/views.ts'

function share(over: Partial<ShareView> = {}): ShareView {
  return { id: 's1', role: 'viewer', createdAt: 1, allowSignedOut: false, people: [], ...over }
}

const LINK: ShareDraft = { role: 'viewer', expiry: 'never', allowSignedOut: false }

function storeWith(over: Partial<ShareLinksApi> = {}) {
  const asked: CreateShare[] = []
  let links = [share({ id: 'old', createdAt: 1 }), share({ id: 'new', createdAt: 2 })]
  const line = { isDown: false }
  const store = createShareLinksStore({
    list: async () => {
      if (line.isDown) throw new Error('offline')
      return links
    },
    create: async (input) => {
      asked.push(input)
      const made = share({ id: 'made', role: input.role, createdAt: 3 })
      links.push(made)
      return { share: made, token: 'secret' }
    },
    revoke: async (id) => {
      links = links.filter((link) => link.id !== id)
    },
    setOut: async () => {},
    errorOf: () => ({ code: 'unavailable', message: 'The server could not be reached.' }),
    ...over,
  })
  const ids = () => store.getSnapshot().shares?.map((entry) => entry.id)
  return { store, asked, ids, line }
}

describe('the links of a repl', () => {
  test('a new link comes first, with its token this once', async () => {
    const { store, ids } = storeWith()
    await store.load()
    await store.create(LINK)
    expect(ids()).toEqual(['made', 'new', 'old'])
    expect(store.getSnapshot().created).toMatchObject({ share: { id: 'made' }, token: 'secret' })
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

  test('somebody is out of a link and in again; where that fails they stay and it is said', async () => {
    const people = [
      { id: 'bob', name: 'Bob' },
      { id: 'eve', name: 'Eve' },
    ]
    const line = { isDown: false }
    const { store } = storeWith({
      list: async () => [share({ people })],
      setOut: async () => {
        if (line.isDown) throw new Error('offline')
      },
    })
    const listed = () => store.getSnapshot().shares?.[0]?.people
    await store.load()
    await store.setOut({ shareId: 's1', personId: 'bob', isOut: true })
    expect(listed()).toEqual([{ id: 'bob', name: 'Bob', isOut: true }, people[1]])
    line.isDown = true
    await store.setOut({ shareId: 's1', personId: 'bob', isOut: false })
    expect(listed()?.[0]?.isOut).toBe(true)
    expect(store.getSnapshot().error?.message).toBe('The server could not be reached.')
    line.isDown = false
    await store.setOut({ shareId: 's1', personId: 'bob', isOut: false })
    expect(listed()).toEqual(people)
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
    await store.create(LINK)
    await store.revoke('made')
    expect(ids()).toEqual(['new', 'old'])
    expect(store.getSnapshot().created).toBeUndefined()
  })

  test('links that could not be loaded are loaded with the next new one', async () => {
    const { store, ids, line } = storeWith()
    line.isDown = true
    await store.load()
    line.isDown = false
    await store.create(LINK)
    expect(ids()).toEqual(['made', 'new', 'old'])
    expect(store.getSnapshot().created?.token).toBe('secret')
  })

  test('while the others cannot be loaded, a new link is told with its token, and nothing passes for a list', async () => {
    const { store, ids, line } = storeWith()
    line.isDown = true
    await store.create(LINK)
    expect(ids()).toBeUndefined()
    expect(store.getSnapshot()).toMatchObject({ created: { token: 'secret' }, error: { code: 'unavailable' } })
    await store.revoke('made')
    expect(ids()).toBeUndefined()
    expect(store.getSnapshot().created).toBeUndefined()
  })

  test('a list that was asked for before a link was made does not take it away', async () => {
    const [early, late] = [Promise.withResolvers<ShareView[]>(), Promise.withResolvers<ShareView[]>()]
    const answers = [early.promise, late.promise]
    const { store, ids } = storeWith({ list: () => answers.shift() ?? Promise.reject(new Error('asked too often')) })
    const loading = store.load()
    const creating = store.create(LINK)
    await expect.poll(() => store.getSnapshot().created).toBeDefined()
    early.resolve([share({ id: 'old' })])
    await loading
    expect(ids()).toEqual(['made', 'old'])
    late.resolve([share({ id: 'made' }), share({ id: 'old' })])
    await creating
    expect(ids()).toEqual(['made', 'old'])
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
