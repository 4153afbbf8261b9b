import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ObjectStore, Presigned } from '#server/object-store/object-store.ts'

/** Contenders in a race. */
const RACERS = 20

/**
 * What every object store does. `open` opens the store that all tests share, each time anew, as another replica would;
 * `locate` makes a pre-signed URL absolute.
 */
export function describeObjectStore(
  name: string,
  adapter: { open(): Promise<ObjectStore>; locate(url: string): string },
) {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore
    let replica: ObjectStore
    beforeAll(async () => {
      store = await adapter.open()
      replica = await adapter.open()
    })
    afterAll(async () => {
      await store[Symbol.asyncDispose]()
      await replica[Symbol.asyncDispose]()
    })
    const fresh = () => `test/${randomUUID()}`
    const either = (index: number) => (index % 2 === 0 ? store : replica)
    const textAt = async (key: string) => (await readAt(store, key))?.toString()
    const request = (
      { url, headers }: Presigned,
      init: { method?: string; body?: Uint8Array<ArrayBuffer>; headers?: Record<string, string> } = {},
    ) => fetch(adapter.locate(url), { ...init, headers: { ...withoutLength(headers), ...init.headers } })

    test.for([0, 1, 100, 65_536, 5_000_001])('gives back exactly the %d bytes that were put', async (bytes) => {
      const key = fresh()
      const content = randomBytes(bytes)
      const before = Date.now()
      const { etag } = await store.put(key, content)
      expect((await readAt(replica, key))?.equals(content)).toBe(true)
      const info = await replica.head(key)
      expect(info).toMatchObject({ key, bytes, etag })
      expect(Math.abs((info?.modifiedAt ?? 0) - before)).toBeLessThan(60_000)
      const found = await store.get(key)
      found?.body.destroy()
      expect(found?.info).toEqual(info)
    })

    test('takes a stream of the announced length, in pieces', async () => {
      const key = fresh()
      const pieces = Array.from({ length: 50 }, (_, index) => Buffer.alloc(20_000, index))
      await store.put(key, { stream: Readable.from(pieces), bytes: 1_000_000 })
      expect((await readAt(store, key))?.equals(Buffer.concat(pieces))).toBe(true)
    })

    test('keeps the old object when a stream breaks off or has another length', async () => {
      const key = fresh()
      await store.put(key, Buffer.from('old'))
      const broken = Readable.from((async function* () {
        yield Buffer.from('ne')
        throw new Error('the sender went away')
      })()) // prettier-ignore
      await expect(store.put(key, { stream: broken, bytes: 3 })).rejects.toThrow('the sender went away')
      await expect(store.put(key, { stream: Readable.from([Buffer.from('new!')]), bytes: 3 })).rejects.toMatchObject({
        code: 'bad_request',
      })
      expect(await textAt(key)).toBe('old')
    })

    test('answers nothing where nothing lies', async () => {
      expect(await store.get(fresh())).toBeUndefined()
      expect(await store.get(fresh(), { first: 0, last: 1 })).toBeUndefined()
      expect(await store.head(fresh())).toBeUndefined()
      await store.delete([fresh(), fresh()])
      await store.delete([])
    })

    test('gives ranges, both ends included, and no more than there is', async () => {
      const key = fresh()
      await store.put(key, Buffer.from('0123456789'))
      const range = async (first: number, last: number) => (await readAt(store, key, { first, last }))?.toString()
      expect(await range(0, 0)).toBe('0')
      expect(await range(3, 5)).toBe('345')
      expect(await range(8, 1000)).toBe('89')
      const part = await store.get(key, { first: 1, last: 2 })
      part?.body.destroy()
      expect(part?.info.bytes).toBe(10)
      for (const [first, last] of [
        [10, 11],
        [5, 4],
        [-1, 2],
        [0.5, 2],
      ] as const)
        // prettier-ignore
        await expect(store.get(key, { first, last })).rejects.toMatchObject({ code: 'bad_request' })
    })

    test('writes only over what was expected', async () => {
      const key = fresh()
      const conflict = { code: 'conflict' }
      await expect(store.put(key, Buffer.from('x'), { ifMatch: 'none' })).rejects.toMatchObject(conflict)
      const first = await store.put(key, Buffer.from('one'), { ifAbsent: true })
      await expect(store.put(key, Buffer.from('x'), { ifAbsent: true })).rejects.toMatchObject(conflict)
      const second = await store.put(key, Buffer.from('two'), { ifMatch: first.etag })
      await expect(store.put(key, Buffer.from('x'), { ifMatch: first.etag })).rejects.toMatchObject(conflict)
      expect(second.etag).not.toBe(first.etag)
      expect(await textAt(key)).toBe('two')
      await store.put(key, Buffer.from('three'))
      expect(await textAt(key)).toBe('three')
    })

    test('lets exactly one of many racers create, and exactly one replace', async () => {
      const key = fresh()
      for (const round of ['create', 'replace']) {
        const etag = (await store.head(key))?.etag
        const condition = etag === undefined ? { ifAbsent: true as const } : { ifMatch: etag }
        const outcomes = await Promise.allSettled(
          Array.from({ length: RACERS }, (_, index) =>
            either(index).put(key, Buffer.from(`${round} ${index}`), condition),
          ),
        )
        const winners = outcomes.flatMap((outcome, index) =>
          outcome.status === 'fulfilled' ? [`${round} ${index}`] : [],
        )
        expect(winners).toEqual([await textAt(key)])
        const refusals = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
        expect(refusals).toEqual(refusals.map(() => expect.objectContaining({ code: 'conflict' })))
      }
    })

    test('shows a reader the old object or the new one, never a part', async () => {
      const key = fresh()
      const versions = ['a', 'b', 'c'].map((letter) => Buffer.alloc(300_000, letter))
      const [first = Buffer.alloc(0)] = versions
      await store.put(key, first)
      const writing = Promise.all(versions.map((version, index) => either(index).put(key, version)))
      for (let round = 0; round < 10; round += 1) {
        const seen = await readAt(replica, key)
        expect(versions.some((version) => seen?.equals(version))).toBe(true)
      }
      await writing
    })

    test('lists a prefix in key order, and nothing beside it', async () => {
      const prefix = fresh()
      // No key is also the folder of another: some servers keep objects as files.
      const names = ['a-b', 'a.b', 'a/b/c', 'a/b-', 'a/b.', 'a/c', 'a0', 'B', 'b', '_', 'z/y/x/w']
      for (const name of [...names].reverse()) await store.put(`${prefix}/${name}`, Buffer.from(name))
      await store.put(`${prefix}0`, Buffer.from('beside'))
      const list = async (under: string) => (await Array.fromAsync(replica.list(under))).map(({ key }) => key)
      const keys = names.map((name) => `${prefix}/${name}`).sort()
      expect(await list(`${prefix}/`)).toEqual(keys)
      expect(await list(`${prefix}/a/`)).toEqual(keys.filter((key) => key.startsWith(`${prefix}/a/`)))
      expect(await list(`${prefix}/a`)).toEqual(keys.filter((key) => key.startsWith(`${prefix}/a`)))
      expect(await list(`${prefix}/none/`)).toEqual([])
      const [found] = await Array.fromAsync(store.list(`${prefix}/z`))
      expect(found).toEqual(await store.head(`${prefix}/z/y/x/w`))
    })

    test('D8: lists and deletes more than one page, every one of them', async () => {
      const prefix = fresh()
      const keys = Array.from({ length: 1005 }, (_, index) => `${prefix}/${String(index).padStart(4, '0')}`)
      for (let start = 0; start < keys.length; start += RACERS)
        await Promise.all(keys.slice(start, start + RACERS).map((key) => store.put(key, Buffer.from('x'))))
      expect((await Array.fromAsync(store.list(`${prefix}/`))).map(({ key }) => key)).toEqual(keys)
      await store.delete(keys)
      expect(await Array.fromAsync(store.list(`${prefix}/`))).toEqual([])
    }, 60_000)

    test.for(['', '/a', 'a/', 'a//b', '..', '../a', 'a/../b', './a', 'a/.', 'a b', 'a%2e', 'é', 'a\0', 'a=', 'a\\b', `a/${'x'.repeat(300)}`, 'x/'.repeat(600) + 'x'])(
      'S8: refuses the key %j', async (key) => {
        const refusal = { code: 'bad_request' }
        await expect(store.put(key, Buffer.from('x'))).rejects.toMatchObject(refusal)
        await expect(store.get(key)).rejects.toMatchObject(refusal)
        await expect(store.head(key)).rejects.toMatchObject(refusal)
        await expect(store.delete([key])).rejects.toMatchObject(refusal)
        await expect(store.presignGet(key)).rejects.toMatchObject(refusal)
        await expect(store.presignPut(key, contentOf(Buffer.from('x')))).rejects.toMatchObject(refusal)
      }) // prettier-ignore

    test('S8: refuses a prefix that leads elsewhere', async () => {
      await expect(Array.fromAsync(store.list('../'))).rejects.toMatchObject({ code: 'bad_request' })
    })

    test('lets a pre-signed URL put exactly its content, and another get it', async () => {
      const key = fresh()
      const content = randomBytes(200_000)
      const upload = await store.presignPut(key, contentOf(content))
      expect(upload.expiresAt).toBeGreaterThan(Date.now())
      expect((await request(upload, { method: 'PUT', body: Uint8Array.from(content) })).status).toBe(200)
      expect((await readAt(store, key))?.equals(content)).toBe(true)
      const download = await store.presignGet(key)
      const answer = await request(download)
      expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true)
      const part = await request(download, { headers: { range: 'bytes=5-9' } })
      expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 5-9/${content.length}`])
      expect(Buffer.from(await part.arrayBuffer()).equals(content.subarray(5, 10))).toBe(true)
      expect((await request(download, { headers: { range: 'bytes=200000-' } })).status).toBe(416)
    })

    test('an empty object can be put and got through pre-signed URLs', async () => {
      const key = fresh()
      const upload = await store.presignPut(key, contentOf(Buffer.alloc(0)))
      expect((await request(upload, { method: 'PUT', body: new Uint8Array() })).status).toBe(200)
      const answer = await request(await store.presignGet(key))
      expect([answer.status, await answer.text()]).toEqual([200, ''])
    })

    test('a pre-signed URL takes no other content, size, method or key, and nothing is stored', async () => {
      const key = fresh()
      const content = Buffer.from('what was announced')
      const upload = await store.presignPut(key, contentOf(content))
      const put = (presigned: Presigned, body: Buffer) =>
        request(presigned, { method: 'PUT', body: Uint8Array.from(body) })
      const refused = async (answer: Promise<Response>) => expect((await answer).status).toBeGreaterThanOrEqual(400)

      await refused(put(upload, Buffer.from('what was somewhere')))
      await refused(put(upload, Buffer.from('shorter')))
      await refused(put(upload, Buffer.from('longer than what was announced')))
      await refused(request(upload))
      const elsewhere = fresh()
      await refused(put({ ...upload, url: upload.url.replace(key, elsewhere) }, content))
      await refused(put(await store.presignGet(key), content))
      for (const name of [
        'x-amz-checksum-sha256',
        'sha256',
        'bytes',
        'expires',
        'X-Amz-Expires',
        'X-Amz-SignedHeaders',
        'signature',
        'X-Amz-Signature',
      ])
        if (new URL(adapter.locate(upload.url)).searchParams.has(name))
          await refused(put(tampered(upload, name), content))
      expect(await store.head(key)).toBeUndefined()
      expect(await store.head(elsewhere)).toBeUndefined()
      expect((await put(upload, content)).status).toBe(200)

      const download = await store.presignGet(key)
      await refused(request({ ...download, url: download.url.replace(key, elsewhere) }))
      await refused(request({ ...download, url: download.url.split('?')[0] ?? '' }))
      await refused(request(download, { method: 'DELETE' }))
      expect(await textAt(key)).toBe(content.toString())
    })

    test('a pre-signed URL to nothing answers 404', async () => {
      expect((await request(await store.presignGet(fresh()))).status).toBe(404)
    })
  })
}

/** All of an object, or of a range of it. */
async function readAt(store: ObjectStore, key: string, range?: { first: number; last: number }) {
  const found = await store.get(key, range)
  return found === undefined ? undefined : buffer(found.body)
}

function contentOf(content: Buffer) {
  return { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') }
}

/** `fetch` sets the length itself, from the body. */
function withoutLength({ 'content-length': _length, ...headers }: Record<string, string>) {
  return headers
}

/** The same URL with one parameter a little different. */
function tampered(presigned: Presigned, name: string): Presigned {
  const [path, query] = presigned.url.split('?')
  const params = new URLSearchParams(query)
  const value = params.get(name) ?? ''
  params.set(
    name,
    value.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
  )
  return { ...presigned, url: `${path}?${params}` }
}
