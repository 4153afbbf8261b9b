import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { serveDiskObject } from '#server/object-store/disk-presigned.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { describeObjectStore } from '#server/object-store/object-store.contract.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { createFaultyStore } from '#server/workspaces/faults/_faulty-store.ts'
import { createStoreFaults } from '#server/workspaces/faults/_store-faults.ts'

const signingKey = randomBytes(32)
const faults = createStoreFaults()
let folder = ''
let origin = ''
let store: ObjectStore
const open = async () => createFaultyStore(await openDiskObjectStore({ folder, signingKey }), faults)
const server = createServer((request, response) => void serveDiskObject({ store, signingKey }, request, response))

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'devex-faulty-'))
  store = await open()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  origin = `http://127.0.0.1:${address.port}`
})
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await store[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

describeObjectStore('disk behind faults that are not armed', { open, locate: (url) => new URL(url, origin).href })

describe('a store behind faults', () => {
  const textAt = async (key: string) => {
    const found = await store.get(key)
    return found === undefined ? undefined : (await buffer(found.body)).toString()
  }

  test.for(['500', '503', 'cut'] as const)('%s of a write: nothing is there, once', async (kind) => {
    const armed = faults.arm({ kind, place: 'object-write', times: 1 })
    await expect(store.put(`w/${kind}`, Buffer.from('whole'))).rejects.toThrow(/500|503|broke/)
    expect(armed.fired()).toBe(1)
    expect(await textAt(`w/${kind}`)).toBeUndefined()
    await store.put(`w/${kind}`, Buffer.from('whole'))
    expect(await textAt(`w/${kind}`)).toBe('whole')
  })

  test('a lost answer: it is there all the same', async () => {
    faults.arm({ kind: 'lost-answer', place: 'head-write', times: 1 })
    await expect(store.put('repls/x/head.json', Buffer.from('whole'))).rejects.toThrow('before the answer')
    expect(await textAt('repls/x/head.json')).toBe('whole')
  })

  test('a read that is cut fails in the middle', async () => {
    await store.put('r', Buffer.from('whole'))
    faults.arm({ kind: 'cut', place: 'read', times: 1 })
    await expect(textAt('r')).rejects.toMatchObject({ code: 'unavailable' })
  })
})
