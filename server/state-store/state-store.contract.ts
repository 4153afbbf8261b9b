import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Json, StateStore } from '#server/state-store/state-store.ts'

/** Contenders in a race. */
const RACERS = 20

/**
 * What every state store does. `open` opens the store that all tests share, each time anew, as another replica would;
 * `reachesReplicas` says whether hints do.
 */
export function describeStateStore(name: string, adapter: { open(): Promise<StateStore>; reachesReplicas: boolean }) {
  describe(`state store: ${name}`, () => {
    let store: StateStore
    let replica: StateStore
    beforeAll(async () => {
      store = await adapter.open()
      replica = await adapter.open()
    })
    afterAll(async () => {
      await store[Symbol.asyncDispose]()
      await replica[Symbol.asyncDispose]()
    })
    const fresh = () => `test:${randomUUID()}`
    const either = (index: number) => (index % 2 === 0 ? store : replica)

    test('keeps any JSON value as it is', async () => {
      const values: Json[] = [
        null, true, 0, -0.5, 2 ** 53 + 2, '', '42', 'true', 'null', '0042', 'OK', '"quoted"', '{"a":1}', 'line\nbreak\r\n',
        'Zoë 日本 👩‍👩‍👧 \u0000 \uFEFF', [], {}, [[], {}, [null]], { 'ключ "1"': ['é'], 'empty': {}, 'n': { m: [1, '2'] } },
      ] // prettier-ignore
      for (const value of values) {
        const key = fresh()
        const version = await store.put(key, value, { expected: 'absent' })
        expect(await replica.get(key)).toEqual({ key, value, version })
      }
    })

    test('keeps a value of 1 MB, and refuses one beyond 1 MiB', async () => {
      const key = fresh()
      const value = 'é'.repeat(500_000)
      await store.put(key, value, { expected: 'absent' })
      expect((await store.get(key))?.value === value).toBe(true)
      await expect(store.put(key, 'x'.repeat(1024 * 1024), { expected: 'any' })).rejects.toMatchObject({
        code: 'too_large',
      })
    })

    test('answers several keys in the order asked', async () => {
      const [a, b] = [fresh(), fresh()]
      await store.put(a, 'a', { expected: 'absent' })
      await store.put(b, 'b', { expected: 'absent' })
      const found = await store.getMany([b, fresh(), a, b])
      expect(found.map((record) => record?.value)).toEqual(['b', undefined, 'a', 'b'])
      expect(await store.getMany([])).toEqual([])
    })

    test('writes only over what was expected', async () => {
      const key = fresh()
      await expect(store.put(key, 1, { expected: { version: 'none' } })).rejects.toMatchObject({ code: 'conflict' })
      const first = await store.put(key, 1, { expected: 'absent' })
      await expect(store.put(key, 2, { expected: 'absent' })).rejects.toMatchObject({ code: 'conflict' })
      const second = await store.put(key, 2, { expected: { version: first } })
      await expect(store.put(key, 3, { expected: { version: first } })).rejects.toMatchObject({ code: 'conflict' })
      expect(await store.get(key)).toEqual({ key, value: 2, version: second })
      await store.put(key, 4, { expected: 'any' })
      expect((await store.get(key))?.value).toBe(4)
    })

    test('takes versions for nothing but versions', async () => {
      const key = fresh()
      for (const version of ['*', '!', 'any', 'absent', ''])
        await expect(store.put(key, 1, { expected: { version } })).rejects.toMatchObject({ code: 'conflict' })
    })

    test('deletes only what was expected, and does not mind if nothing is there', async () => {
      const key = fresh()
      await store.delete(key, 'any')
      await store.delete(key, 'absent')
      await expect(store.delete(key, { version: 'none' })).rejects.toMatchObject({ code: 'conflict' })
      const version = await store.put(key, 1, { expected: 'absent' })
      await expect(store.delete(key, 'absent')).rejects.toMatchObject({ code: 'conflict' })
      await store.delete(key, { version })
      expect(await store.get(key)).toBeUndefined()
    })

    test('never repeats a version, also not for the same value after a delete', async () => {
      const key = fresh()
      const first = await store.put(key, 'same', { expected: 'absent' })
      await store.delete(key, 'any')
      const second = await store.put(key, 'same', { expected: 'absent' })
      expect(second).not.toBe(first)
    })

    test('lets exactly one of many racers create, and exactly one replace', async () => {
      const key = fresh()
      const race = (expected: 'absent' | { version: string }) =>
        Promise.allSettled(Array.from({ length: RACERS }, (_, index) => either(index).put(key, index, { expected })))
      for (const expected of ['absent' as const, 'replace' as const]) {
        const version = (await store.get(key))?.version ?? ''
        const outcomes = await race(expected === 'absent' ? 'absent' : { version })
        const winners = outcomes.flatMap((outcome, index) => (outcome.status === 'fulfilled' ? [index] : []))
        expect(winners).toHaveLength(1)
        expect((await store.get(key))?.value).toBe(winners[0])
        const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
        expect(refusals).toEqual(refusals.map(() => expect.objectContaining({ code: 'conflict' })))
      }
    })

    test('loses no increment of many that repeat on conflict', async () => {
      const key = fresh()
      await store.put(key, 0, { expected: 'absent' })
      const increment = async (index: number): Promise<void> => {
        const record = await either(index).get(key)
        try {
          await either(index).put(key, Number(record?.value) + 1, { expected: { version: record?.version ?? '' } })
        } catch {
          await increment(index)
        }
      }
      await Promise.all(Array.from({ length: RACERS }, (_, index) => increment(index)))
      expect((await store.get(key))?.value).toBe(RACERS)
    })

    test('writes all of a transaction or none, and names the key in the way', async () => {
      const [a, b, c] = [fresh(), fresh(), fresh()]
      const version = await store.put(a, 'old', { expected: 'absent' })
      const failing = store.transact([
        { kind: 'put', key: b, value: 1, expected: 'absent' },
        { kind: 'delete', key: c, expected: 'any' },
        { kind: 'put', key: a, value: 'new', expected: 'absent' },
      ])
      await expect(failing).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(a) })
      expect(await store.getMany([a, b])).toEqual([{ key: a, value: 'old', version }, undefined])

      await store.transact([
        { kind: 'check', key: c, expected: 'absent' },
        { kind: 'delete', key: a, expected: { version } },
        { kind: 'put', key: b, value: 1, expected: 'absent' },
      ])
      expect((await store.getMany([a, b, c])).map((record) => record?.value)).toEqual([undefined, 1, undefined])
      const stale = store.transact([
        { kind: 'check', key: b, expected: 'absent' },
        { kind: 'put', key: c, value: 1, expected: 'any' },
      ])
      await expect(stale).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(b) })
      expect(await store.get(c)).toBeUndefined()
      await store.transact([])
    })

    test('L7: of many transactions that count up to a limit, exactly the limit pass', async () => {
      const prefix = fresh()
      const counter = `${prefix}:count`
      await store.put(counter, 0, { expected: 'absent' })
      const create = async (index: number): Promise<boolean> => {
        const record = await either(index).get(counter)
        const count = Number(record?.value)
        if (count >= 5) return false
        try {
          await either(index).transact([
            { kind: 'put', key: counter, value: count + 1, expected: { version: record?.version ?? '' } },
            { kind: 'put', key: `${prefix}:item:${index}`, value: index, expected: 'absent' },
          ])
          return true
        } catch {
          return create(index)
        }
      }
      const made = await Promise.all(Array.from({ length: RACERS }, (_, index) => create(index)))
      expect(made.filter(Boolean)).toHaveLength(5)
      expect((await store.list(`${prefix}:item:`)).records).toHaveLength(5)
    })

    test('takes 100 writes in a transaction, refuses 101, and a key named twice', async () => {
      const prefix = fresh()
      const puts = (count: number) =>
        Array.from({ length: count }, (_, index) => ({
          kind: 'put' as const, key: `${prefix}:${index}`, value: index, expected: 'absent' as const,
        })) // prettier-ignore
      await expect(store.transact(puts(101))).rejects.toMatchObject({ code: 'bad_request' })
      await store.transact(puts(100))
      expect((await store.list(prefix, { limit: 1000 })).records).toHaveLength(100)
      const twice = [...puts(1), ...puts(1)]
      await expect(store.transact(twice)).rejects.toMatchObject({ code: 'bad_request' })
    })

    test('forgets a record when its time is over, and not before', async () => {
      const key = fresh()
      const longer = fresh()
      await store.put(key, 1, { expected: 'absent', ttlMs: 300 })
      await store.put(longer, 1, { expected: 'absent', ttlMs: 60_000 })
      expect((await store.get(key))?.value).toBe(1)
      await expect.poll(() => store.get(key), { timeout: 5000, interval: 20 }).toBeUndefined()
      expect((await store.list(key)).records).toEqual([])
      await store.put(key, 2, { expected: 'absent' })
      expect((await store.get(longer))?.value).toBe(1)
    })

    test('keeps a record for good when it is written again without a time to live', async () => {
      const [key, witness] = [fresh(), fresh()]
      await store.put(key, 1, { expected: 'absent', ttlMs: 200 })
      await store.put(key, 2, { expected: 'any' })
      await store.put(witness, 1, { expected: 'absent', ttlMs: 300 })
      await expect.poll(() => store.get(witness), { timeout: 5000, interval: 20 }).toBeUndefined()
      await store.put(fresh(), 1, { expected: 'absent' })
      expect((await store.get(key))?.value).toBe(2)
      expect((await store.list(key)).records).toHaveLength(1)
    })

    test('lists a prefix in key order, page after page, and nothing beside it', async () => {
      const prefix = fresh()
      const names = ['-', '.', '0', '10', '2', ':', '@', 'A', 'Z', '_', 'a', 'a:b', 'aa', 'b', 'z', 'zz']
      for (const name of [...names].reverse()) await store.put(`${prefix}:${name}`, name, { expected: 'absent' })
      await store.put(`${prefix}0`, 'beside', { expected: 'absent' })
      await store.put(prefix, 'above', { expected: 'absent' })
      const expected = names.map((name) => `${prefix}:${name}`).sort()
      for (const limit of [1, 5, names.length, 1000]) {
        const seen: string[] = []
        let cursor: string | undefined
        let pages = 0
        do {
          const page = await replica.list(`${prefix}:`, { limit, ...(cursor !== undefined && { cursor }) })
          expect(page.records.length).toBeLessThanOrEqual(limit)
          seen.push(...page.records.map(({ key }) => key))
          cursor = page.cursor
          pages += 1
        } while (cursor !== undefined)
        expect(seen).toEqual(expected)
        expect(pages).toBe(Math.ceil(names.length / limit))
      }
    })

    test('goes on listing behind a cursor whose record is gone', async () => {
      const prefix = fresh()
      for (const name of ['a', 'b', 'c']) await store.put(`${prefix}:${name}`, name, { expected: 'absent' })
      const { cursor } = await store.list(`${prefix}:`, { limit: 2 })
      await store.delete(`${prefix}:b`, 'any')
      const rest = await store.list(`${prefix}:`, { limit: 2, cursor: cursor ?? '' })
      expect(rest).toEqual({ records: [expect.objectContaining({ value: 'c' })] })
    })

    test('gives a lease to one of many, and fences that only grow', async () => {
      const name = fresh()
      const fences: number[] = []
      for (let round = 0; round < 3; round += 1) {
        const takes = await Promise.all(Array.from({ length: RACERS }, (_, index) => either(index).lease(name, 60_000)))
        const held = takes.filter((lease) => lease !== undefined)
        expect(held).toHaveLength(1)
        for (const lease of held) {
          fences.push(lease.fence)
          expect(await lease.renew()).toBe(true)
          await lease[Symbol.asyncDispose]()
          expect(await lease.renew()).toBe(false)
        }
      }
      expect([...new Set(fences)].sort((a, b) => a - b)).toEqual(fences)
      expect(fences).toHaveLength(3)
    })

    test('gives an expired lease to the next, whose lease the first cannot renew or release', async () => {
      const name = fresh()
      const first = await store.lease(name, 100)
      let second = await replica.lease(name, 60_000)
      expect(second).toBeUndefined()
      await expect
        .poll(async () => (second = await replica.lease(name, 60_000)), { timeout: 5000, interval: 20 })
        .toBeDefined()
      expect(second?.fence).toBeGreaterThan(first?.fence ?? Infinity)
      expect(await first?.renew()).toBe(false)
      await first?.[Symbol.asyncDispose]()
      expect(await store.lease(name, 1000)).toBeUndefined()
      expect(await second?.renew()).toBe(true)
    })

    test('renewing keeps a lease beyond its first time', async () => {
      const name = fresh()
      const witness = fresh()
      const lease = await store.lease(name, 400)
      await store.put(witness, 1, { expected: 'absent', ttlMs: 600 })
      await expect
        .poll(async () => ({ renewed: await lease?.renew(), witness: await store.get(witness) }), {
          timeout: 5000,
          interval: 50,
        })
        .toEqual({ renewed: true, witness: undefined })
      expect(await replica.lease(name, 1000)).toBeUndefined()
    })

    test('carries hints to those who listen, exactly, and no longer', async () => {
      const [channel, other] = [`c:${randomUUID()}`, `c:${randomUUID()}`]
      const heard: Json[] = []
      const elsewhere: Json[] = []
      const listening = adapter.reachesReplicas ? replica : store
      const subscription = await listening.subscribe(channel, (message) => heard.push(message))
      await using _other = await listening.subscribe(other, (message) => elsewhere.push(message))
      const messages: Json[] = ['42', 42, null, 'a,b "c"\n', { é: [1] }, []]
      for (const message of messages) await store.publish(channel, message)
      await expect.poll(() => heard, { timeout: 5000 }).toEqual(messages)
      await subscription[Symbol.asyncDispose]()
      await store.publish(channel, 'late')
      await store.publish(other, 'last')
      await expect.poll(() => elsewhere, { timeout: 5000 }).toEqual(['last'])
      expect(heard).toEqual(messages)
    })

    test('a listener that throws keeps no hint from the others', async () => {
      const channel = `c:${randomUUID()}`
      const heard: Json[] = []
      await using _bad = await store.subscribe(channel, () => {
        throw new Error('cannot read this')
      })
      await using _good = await store.subscribe(channel, (message) => heard.push(message))
      await store.publish(channel, 1)
      await expect.poll(() => heard, { timeout: 5000 }).toEqual([1])
    })

    test.for(['', 'a b', 'a/b', 'a*', 'é', 'a\n', '{a}', 'x'.repeat(513)])('refuses the key %j', async (key) => {
      const refusal = { code: 'bad_request' }
      await expect(store.put(key, 1, { expected: 'any' })).rejects.toMatchObject(refusal)
      await expect(store.get(key)).rejects.toMatchObject(refusal)
      await expect(store.delete(key, 'any')).rejects.toMatchObject(refusal)
      await expect(store.lease(key, 1000)).rejects.toMatchObject(refusal)
      await expect(store.publish(key, 1)).rejects.toMatchObject(refusal)
      await expect(store.list(`${key} `)).rejects.toMatchObject(refusal)
    })

    test.for([0, -1, 1.5, NaN, Infinity])('refuses %d ms', async (ms) => {
      await expect(store.put(fresh(), 1, { expected: 'any', ttlMs: ms })).rejects.toMatchObject({ code: 'bad_request' })
      await expect(store.lease(fresh(), ms)).rejects.toMatchObject({ code: 'bad_request' })
    })

    test('says that it is closed', async () => {
      const closed = await adapter.open()
      await closed[Symbol.asyncDispose]()
      await closed[Symbol.asyncDispose]()
      await expect(closed.get(fresh())).rejects.toMatchObject({ code: 'unavailable' })
    })
  })
}
