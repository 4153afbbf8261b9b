import { describe, expect, test, vi } from 'vitest'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import { eventually, openTestBed, reached, user } from '#server/repls/_domain.ts'
import type { TestBed } from '#server/repls/_domain.ts'
import { GUEST_TTL_MS, NEW_GUESTS_PER_MINUTE } from '#server/repls/limits.ts'
import { rightsChannel } from '#server/repls/store.ts'
import type { CreateShare, ReplView } from '#server/repls/views.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

const ada = user('Ada')
const bob = user('Bob')
const eve = user('Eve')
const VIEWER: CreateShare = { role: 'viewer', allowSignedOut: false }
const EDITOR: CreateShare = { role: 'editor', allowSignedOut: false }
const OPEN: CreateShare = { role: 'viewer', allowSignedOut: true }

async function bedWithRepl() {
  const b = await openTestBed(openSqliteStateStore)
  const { id } = await b.domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  await reached(b.domain, ada, { replId: id, kinds: ['running'] })
  return { b, id }
}

async function guestOf({ domain }: TestBed, token: string): Promise<{ who: Principal; cookie: string }> {
  const { guestCookie } = await domain.shares.redeem(undefined, token)
  const cookie = guestCookie?.value ?? ''
  const who = await domain.resolveGuest(cookie)
  if (who === undefined) throw new Error('the guest is nobody')
  return { who, cookie }
}

/** What a watcher sees next, and how it ends. */
function watching({ domain }: TestBed, who: Principal, replId: string) {
  const views: ReplView[] = []
  const closing = new AbortController()
  const ended = (async () => {
    for await (const view of domain.repls.watch(who, replId, closing.signal)) views.push(view)
    return 'ended'
  })().catch((error: unknown) => error)
  return { views, ended, close: () => closing.abort() }
}

describe('links', () => {
  test('opened while signed in: the role, the list, the person’s name, until it is revoked', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { share, token } = await b.domain.shares.create(ada, id, EDITOR)
    expect(await b.domain.access.grantOf(bob, id)).toBeUndefined()
    expect(await b.domain.shares.redeem(bob, token)).toEqual({ replId: id })
    expect(await b.domain.access.grantOf(bob, id)).toEqual({
      role: 'editor',
      via: { kind: 'share', shareId: share.id },
    })
    expect(await b.domain.repls.list(bob)).toMatchObject([{ id, role: 'editor', owner: { name: 'Ada' } }])
    expect(await b.domain.shares.list(ada, id)).toMatchObject([{ id: share.id, people: [{ id: bob.id, name: 'Bob' }] }])

    await b.domain.shares.revoke(ada, id, share.id)
    expect(await b.domain.access.grantOf(bob, id)).toBeUndefined()
    expect(await b.domain.repls.list(bob)).toEqual([])
    expect(await b.domain.shares.list(ada, id)).toEqual([])
    await expect(b.domain.shares.redeem(bob, token)).rejects.toMatchObject({ code: 'gone' })
    expect((await b.stateStore.list('share')).records).toEqual([])
  })

  test('what one person has by it is taken back: they are out at once, and cannot come back by it until they are let in', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { share, token } = await b.domain.shares.create(ada, id, EDITOR)
    for (const who of [bob, eve]) await b.domain.shares.redeem(who, token)
    const watch = watching(b, bob, id)
    await eventually(() => watch.views.length).toBe(1)
    const out = { shareId: share.id, personId: bob.id, isOut: true }
    await expect(b.domain.shares.setOut(eve, id, out)).rejects.toMatchObject({ code: 'forbidden' })
    await b.domain.shares.setOut(ada, id, out)
    expect(await watch.ended).toMatchObject({ code: 'forbidden' })
    expect(await b.domain.access.grantOf(bob, id)).toBeUndefined()
    expect(await b.domain.repls.list(bob)).toEqual([])
    await expect(b.domain.shares.redeem(bob, token)).rejects.toMatchObject({ code: 'forbidden' })
    expect(await b.domain.access.grantOf(eve, id)).toMatchObject({ role: 'editor' })
    const [listed] = await b.domain.shares.list(ada, id)
    expect(listed?.people).toContainEqual({ id: bob.id, name: 'Bob', isOut: true })

    await b.domain.shares.setOut(ada, id, { ...out, isOut: false })
    expect(await b.domain.access.grantOf(bob, id)).toMatchObject({ role: 'editor' })
    expect(await b.domain.shares.redeem(bob, token)).toEqual({ replId: id })
    const stranger = { ...out, personId: user('Carl').id }
    await expect(b.domain.shares.setOut(ada, id, stranger)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('revoking tells listeners and ends a watch within a second', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { share, token } = await b.domain.shares.create(ada, id, VIEWER)
    await b.domain.shares.redeem(bob, token)
    const watch = watching(b, bob, id)
    await eventually(() => watch.views.length).toBe(1)
    const changed = Promise.withResolvers<void>()
    await using _listening = await b.domain.access.onChange(id, changed.resolve)
    const revokedAt = Date.now()
    await b.domain.shares.revoke(ada, id, share.id)
    await changed.promise
    expect(await watch.ended).toMatchObject({ code: 'forbidden' })
    expect(Date.now() - revokedAt).toBeLessThan(1000)
  })

  test('opening a stronger link tells listeners and who watches already', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const weak = await b.domain.shares.create(ada, id, VIEWER)
    const strong = await b.domain.shares.create(ada, id, EDITOR)
    await b.domain.shares.redeem(bob, weak.token)
    const watch = watching(b, bob, id)
    await eventually(() => watch.views.map(({ role }) => role)).toEqual(['viewer'])
    const changed = Promise.withResolvers<void>()
    await using _listening = await b.domain.access.onChange(id, changed.resolve)
    const openedAt = Date.now()
    await b.domain.shares.redeem(bob, strong.token)
    await changed.promise
    await eventually(() => watch.views.at(-1)?.role).toBe('editor')
    expect(Date.now() - openedAt).toBeLessThan(1000)
    watch.close()
    await watch.ended
  })

  test('who is there is asked again for a role that somebody did not have, and for no guest', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const open = await b.domain.shares.create(ada, id, OPEN)
    const other = await b.domain.shares.create(ada, id, OPEN)
    const strong = await b.domain.shares.create(ada, id, EDITOR)
    const heard: unknown[] = []
    await using _listening = await b.stateStore.subscribe(rightsChannel(id), (message) => void heard.push(message))

    const { who } = await guestOf(b, open.token)
    for (const { token } of [open, other]) await b.domain.shares.redeem(who, token)
    for (const { token } of [open, other, strong, open, strong]) await b.domain.shares.redeem(bob, token)
    await guestOf(b, open.token)
    await b.stateStore.publish(rightsChannel(id), 'the last')
    await eventually(() => heard.at(-1)).toBe('the last')
    expect(heard).toEqual([{ share: open.share.id }, { share: strong.share.id }, 'the last'])
  })

  test('what a stop and a start write asks nobody for their right again; an open port and a deletion do', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const is = (kind: string) => eventually(async () => (await b.domain.repls.get(ada, id)).state.kind).toBe(kind)
    const heard: unknown[] = []
    await using _listening = await b.stateStore.subscribe(rightsChannel(id), (message) => void heard.push(message))
    const mark = async (name: string) => {
      await b.stateStore.publish(rightsChannel(id), name)
      await eventually(() => heard.at(-1)).toBe(name)
    }
    await is('running')
    await b.domain.repls.stop(ada, id)
    await is('stopped')
    await b.domain.repls.start(ada, id)
    await is('running')
    await mark('was started anew')
    await b.domain.repls.setPortPublic(ada, id, { port: 3000, isPublic: true })
    await mark('is open')
    await b.domain.repls.delete(ada, id)
    await mark('is deleted')
    const told = { generation: 2 }
    expect(heard).toEqual(['was started anew', told, 'is open', told, 'is deleted'])
  })

  test('a token has 256 random bits and lies nowhere in the store', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { token } = await b.domain.shares.create(ada, id, OPEN)
    expect(Buffer.from(token, 'base64url')).toHaveLength(32)
    const { cookie } = await guestOf(b, token)
    const everything = JSON.stringify((await b.stateStore.list('', { limit: 500 })).records)
    expect(everything).toContain('share-token:')
    expect(everything).not.toContain(token)
    expect(everything).not.toContain(cookie)
  })

  test('an expired link opens nothing, ends what it gave and is swept away', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { token } = await b.domain.shares.create(ada, id, { ...VIEWER, expiresAt: b.now() + 60_000 })
    await b.domain.shares.redeem(bob, token)
    expect(await b.domain.access.grantOf(bob, id)).toMatchObject({ role: 'viewer' })
    b.advance(60_001)
    expect(await b.domain.access.grantOf(bob, id)).toBeUndefined()
    await expect(b.domain.shares.redeem(user('Eve'), token)).rejects.toMatchObject({ code: 'gone' })
    await b.domain.sweeper.sweep()
    expect((await b.stateStore.list('share')).records).toEqual([])
  })

  test('a watch through a link ends when the link expires', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { token } = await b.domain.shares.create(ada, id, { ...VIEWER, expiresAt: b.now() + 300 })
    await b.domain.shares.redeem(bob, token)
    const watch = watching(b, bob, id)
    expect(await watch.ended).toMatchObject({ code: 'forbidden' })
    expect(watch.views).toHaveLength(1)
  })

  test('of several links the strongest counts, and revoking it leaves the other', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const weak = await b.domain.shares.create(ada, id, VIEWER)
    const strong = await b.domain.shares.create(ada, id, EDITOR)
    await b.domain.shares.redeem(bob, weak.token)
    await b.domain.shares.redeem(bob, strong.token)
    expect((await b.domain.access.grantOf(bob, id))?.role).toBe('editor')
    await b.domain.shares.revoke(ada, id, strong.share.id)
    expect((await b.domain.access.grantOf(bob, id))?.role).toBe('viewer')
    await expect(b.domain.repls.stop(bob, id)).rejects.toMatchObject({ code: 'forbidden' })
  })

  test('unknown and malformed tokens are gone', async () => {
    const { b } = await bedWithRepl()
    await using _ = b
    for (const token of ['', 'x', '../..', 'a'.repeat(10_000)]) {
      await expect(b.domain.shares.redeem(bob, token)).rejects.toMatchObject({ code: 'gone' })
    }
  })

  test('an editor link for people who are not signed in, and one that has expired already, are refused', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    for (const input of [
      { ...EDITOR, allowSignedOut: true },
      { ...VIEWER, expiresAt: b.now() - 1 },
    ]) {
      await expect(b.domain.shares.create(ada, id, input)).rejects.toMatchObject({ code: 'bad_request' })
    }
  })

  test('the owner opening the own link stays owner', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { token } = await b.domain.shares.create(ada, id, VIEWER)
    await b.domain.shares.redeem(ada, token)
    expect(await b.domain.repls.list(ada)).toMatchObject([{ id, role: 'owner' }])
  })
})

describe('guests', () => {
  test('leave nothing behind for good: all that is written of them runs out with their cookie', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { token } = await b.domain.shares.create(ada, id, OPEN)
    const transact = vi.spyOn(b.stateStore, 'transact')
    const lives = () =>
      transact.mock.calls.flatMap(([writes]) =>
        writes.flatMap((write) => (write.kind === 'put' && write.key.startsWith('share') ? [write.ttlMs] : [])),
      )
    await guestOf(b, token)
    expect(lives()).toEqual([GUEST_TTL_MS])
    await b.domain.shares.redeem(bob, token)
    expect(lives()).toEqual([GUEST_TTL_MS, undefined, undefined])
  })

  test('are no people of the link, which ends without them; those that an older server noted go with it', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { share, token } = await b.domain.shares.create(ada, id, OPEN)
    const { who, cookie } = await guestOf(b, token)
    const peopleKey = `share-person:${id}:${share.id}:`
    const people = async () => (await b.stateStore.list(peopleKey)).records.map(({ key }) => key)
    expect(await people()).toEqual([])
    const [old] = await Promise.all([guestOf(b, token), b.domain.shares.redeem(bob, token)])
    await b.stateStore.put(
      `${peopleKey}${old.who.id}`,
      { kind: 'guest', id: old.who.id, name: 'Guest' },
      { expected: 'absent', ttlMs: GUEST_TTL_MS },
    )
    expect((await people()).toSorted()).toEqual([bob.id, old.who.id].map((each) => peopleKey + each).toSorted())
    expect(await b.domain.shares.list(ada, id)).toMatchObject([{ people: [{ id: bob.id, name: 'Bob' }] }])

    await b.domain.shares.revoke(ada, id, share.id)
    expect(await people()).toEqual([])
    for (const principal of [who, old.who, bob]) expect(await b.domain.access.grantOf(principal, id)).toBeUndefined()
    expect(await b.domain.resolveGuest(cookie)).toBeUndefined()
    expect(await b.domain.resolveGuest(old.cookie)).toBeUndefined()
    expect((await b.stateStore.list(`shared-with:${old.who.id}:`)).records).toEqual([])
  })

  test('come so many in a minute by one link; who is signed in or a guest already is not kept out', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { token } = await b.domain.shares.create(ada, id, OPEN)
    const other = await b.domain.shares.create(ada, id, OPEN)
    const { who } = await guestOf(b, token)
    for (let count = 1; count < NEW_GUESTS_PER_MINUTE; count += 1) await b.domain.shares.redeem(undefined, token)
    const guests = async () => (await b.stateStore.list('guest:', { limit: 500 })).records.length
    const before = await guests()
    await expect(b.domain.shares.redeem(undefined, token)).rejects.toMatchObject({
      code: 'rate_limited',
      advice: 'Try again in a minute, or sign in first.',
    })
    expect(await guests()).toBe(before)
    expect(await b.domain.shares.redeem(bob, token)).toEqual({ replId: id })
    expect(await b.domain.shares.redeem(who, token)).toEqual({ replId: id })
    expect(await b.domain.shares.redeem(undefined, other.token)).toHaveProperty('guestCookie')
    b.advance(60_001)
    expect(await b.domain.shares.redeem(undefined, token)).toHaveProperty('guestCookie')
  })

  test('come in by a link that allows it, see that repl only, and are gone with the link', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { share, token } = await b.domain.shares.create(ada, id, OPEN)
    const { who, cookie } = await guestOf(b, token)
    expect(who).toMatchObject({ kind: 'guest', name: 'Guest' })
    expect(await b.domain.repls.list(who)).toMatchObject([{ id, role: 'viewer' }])
    expect((await b.domain.shares.list(ada, id))[0]?.people).toEqual([])
    await expect(b.domain.repls.create(who, { source: { kind: 'template', template: 'node' } })).rejects.toMatchObject({
      code: 'forbidden',
    })
    await b.domain.shares.revoke(ada, id, share.id)
    expect(await b.domain.access.grantOf(who, id)).toBeUndefined()
    expect(await b.domain.resolveGuest(cookie)).toBeUndefined()
  })

  test('a link that does not allow it asks to sign in, also from somebody who is a guest elsewhere', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const closed = await b.domain.shares.create(ada, id, VIEWER)
    await expect(b.domain.shares.redeem(undefined, closed.token)).rejects.toMatchObject({ code: 'unauthenticated' })
    const open = await b.domain.shares.create(ada, id, OPEN)
    const { who } = await guestOf(b, open.token)
    await expect(b.domain.shares.redeem(who, closed.token)).rejects.toMatchObject({ code: 'unauthenticated' })
  })

  test('a guest who opens a second link stays the same guest', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const first = await b.domain.shares.create(ada, id, OPEN)
    const other = await b.domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
    const second = await b.domain.shares.create(ada, other.id, OPEN)
    const { who } = await guestOf(b, first.token)
    expect(await b.domain.shares.redeem(who, second.token)).toEqual({ replId: other.id })
    expect((await b.domain.repls.list(who)).map((view) => view.id).toSorted()).toEqual([id, other.id].toSorted())
  })

  test('who signs in has what they had as a guest, while the link is good', async () => {
    const { b, id: replId } = await bedWithRepl()
    await using _ = b
    const { shares } = b.domain
    const other = await b.domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
    const { share, token } = await shares.create(ada, replId, OPEN)
    const { cookie: guestCookie } = await guestOf(b, token)
    expect(await shares.carryOver(bob, { guestCookie, replId: other.id })).toBe(false)
    expect(await shares.carryOver(bob, { guestCookie: 'a'.repeat(43), replId })).toBe(false)
    expect(await b.domain.repls.list(bob)).toEqual([])
    expect(await shares.carryOver(bob, { guestCookie, replId })).toBe(true)
    expect(await b.domain.repls.list(bob)).toMatchObject([{ id: replId, role: 'viewer' }])
    await shares.revoke(ada, replId, share.id)
    expect(await b.domain.access.grantOf(bob, replId)).toBeUndefined()
    expect(await shares.carryOver(bob, { guestCookie, replId })).toBe(false)
  })

  test('S1: no value of the cookie but the one that was handed out is a guest', async () => {
    const { b } = await bedWithRepl()
    await using _ = b
    for (const value of ['', 'guest', ada.id, 'a'.repeat(43)])
      expect(await b.domain.resolveGuest(value)).toBeUndefined()
  })
})

describe('watching', () => {
  test('the list changes with what is made, shared and revoked', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const closing = new AbortController()
    const seen: string[][] = []
    const ended = (async () => {
      for await (const list of b.domain.repls.watchList(bob, closing.signal)) seen.push(list.map((repl) => repl.id))
    })()
    await eventually(() => seen).toEqual([[]])
    const { share, token } = await b.domain.shares.create(ada, id, VIEWER)
    await b.domain.shares.redeem(bob, token)
    await eventually(() => seen.at(-1)).toEqual([id])
    await b.domain.shares.revoke(ada, id, share.id)
    await eventually(() => seen.at(-1)).toEqual([])
    closing.abort()
    await ended
    expect(seen[0]).toEqual([])
  })

  test('a slow reader gets the newest state, not every one', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const names: string[] = []
    for await (const { name } of b.domain.repls.watch(ada, id, AbortSignal.timeout(5000))) {
      names.push(name)
      if (name === 'last') break
      for (const next of ['one', 'two', 'last']) await b.domain.repls.rename(ada, id, next)
    }
    expect(names).toEqual(['Node.js', 'last'])
  })

  test('a store that is out of reach for a while ends nobody’s watch, neither of a repl nor of the list', async () => {
    const { b, id } = await bedWithRepl()
    await using _ = b
    const { token } = await b.domain.shares.create(ada, id, VIEWER)
    await b.domain.shares.redeem(bob, token)
    const watch = watching(b, bob, id)
    const lists: string[][] = []
    const listing = new AbortController()
    const listed = (async () => {
      for await (const list of b.domain.repls.watchList(bob, listing.signal)) lists.push(list.map(({ name }) => name))
    })()
    await eventually(() => [watch.views.length, lists.length]).toEqual([1, 1])

    const outage = new AppError('unavailable', 'The Redis server does not answer.')
    // The watch reads its repl, the list begins with its links.
    const faults = (['get', 'list'] as const).map((call) => vi.spyOn(b.stateStore, call).mockRejectedValue(outage))
    await b.stateStore.publish(rightsChannel(id), {})
    await eventually(() => faults.every(({ mock }) => mock.calls.length > 0)).toBe(true)
    for (const fault of faults) fault.mockRestore()

    await b.domain.repls.rename(ada, id, 'after')
    await eventually(() => [watch.views.at(-1)?.name, lists.at(-1)]).toEqual(['after', ['after']])
    watch.close()
    listing.abort()
    expect(await watch.ended).toBe('ended')
    await listed
  })

  test('an unknown repl is not found', async () => {
    const { b } = await bedWithRepl()
    await using _ = b
    const watch = watching(b, ada, 'a234567890123456')
    expect(await watch.ended).toMatchObject({ code: 'not_found' })
  })
})
