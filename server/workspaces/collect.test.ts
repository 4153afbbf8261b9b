import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { DOOMED_MS, GRACE_MS, collect } from '#server/workspaces/collect.ts'
import { TAKE_OVER_MS, editCollection, readCollection, rescue } from '#server/workspaces/collection.ts'
import { editHead, readHead } from '#server/workspaces/head.ts'
import { openSnapshot } from '#server/workspaces/history/open-snapshot.ts'
import { collectionKey, packPrefix } from '#server/workspaces/keys.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })
const keysUnder = async (store: ObjectStore, prefix: string) =>
  (await Array.fromAsync(store.list(prefix))).map(({ key }) => key)

/** Passes of the collector, each long enough after the one before. */
async function collectLater({ objectStore, repl }: ControlPlane, passes: number): Promise<number[]> {
  const deleted: number[] = []
  for (let pass = 1; pass <= passes; pass += 1) {
    deleted.push(
      await collect({ objectStore, ownerId: repl.ownerId, now: () => Date.now() + pass * (GRACE_MS + 60_000) }),
    )
  }
  return deleted
}

/** A repl with two snapshots, the first of which nothing refers to any more. */
async function withForgotten(controlPlane: ControlPlane, sandbox: Sandbox): Promise<void> {
  await controlPlane.adopt(sandbox)
  writeFileSync(join(sandbox.workspace, 'old'), 'old '.repeat(500))
  await controlPlane.save(sandbox)
  rmSync(join(sandbox.workspace, 'old'))
  writeFileSync(join(sandbox.workspace, 'new'), 'new '.repeat(500))
  await controlPlane.save(sandbox)
  await editHead(controlPlane.objectStore, controlPlane.repl.replId, (head) => ({
    ...head,
    history: head.history.slice(0, 1),
  }))
}

describe('the collector', () => {
  test('deletes what no head leads to, in the second pass, and leaves what one does', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await withForgotten(controlPlane, sandbox)
    const { objectStore, repl } = controlPlane
    const before = await keysUnder(objectStore, packPrefix(repl.ownerId))
    const deleted = await collectLater(controlPlane, 2)
    expect(deleted[0]).toBe(0)
    expect(deleted[1]).toBeGreaterThan(0)
    expect((await keysUnder(objectStore, packPrefix(repl.ownerId))).length).toBeLessThan(before.length)
    const head = (await readHead(objectStore, repl.replId))?.head
    const snapshot = await openSnapshot(objectStore, repl, head?.manifest ?? '')
    const files = snapshot.entries.filter((entry) => entry.type === 'file')
    for (const file of files) expect((await Array.fromAsync(snapshot.read(file))).length).toBeGreaterThan(0)
    expect(files.map(({ path }) => path)).toContain('new')
  })

  test('leaves what is young, whoever refers to it', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await withForgotten(controlPlane, sandbox)
    const { objectStore, repl } = controlPlane
    const now = () => Date.now()
    expect(await collect({ objectStore, ownerId: repl.ownerId, now })).toBe(0)
    expect((await readCollection(objectStore, repl.ownerId)).collection.doomed).toEqual({})
  })

  test('leaves what a save came to need between its passes', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await withForgotten(controlPlane, sandbox)
    const { objectStore, repl } = controlPlane
    await collectLater(controlPlane, 1)
    const doomed = Object.keys((await readCollection(objectStore, repl.ownerId)).collection.doomed)
    expect(doomed.length).toBeGreaterThan(0)
    // The same content again makes the same pack, which lies there and is not sent.
    writeFileSync(join(sandbox.workspace, 'old'), 'old '.repeat(500))
    await controlPlane.save(sandbox)
    await collectLater(controlPlane, 3)
    const head = (await readHead(objectStore, repl.replId))?.head
    const snapshot = await openSnapshot(objectStore, repl, head?.manifest ?? '')
    for (const entry of snapshot.entries) if (entry.type === 'file') await Array.fromAsync(snapshot.read(entry))
    expect(snapshot.entries.map(({ path }) => path)).toContain('old')
  })

  test('a pack of a repl that the state store does not know stays: the store has a mark of it', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    writeFileSync(join(sandbox.workspace, 'file'), 'content')
    await controlPlane.save(sandbox)
    const { objectStore, repl, workspaces } = controlPlane
    const before = await keysUnder(objectStore, packPrefix(repl.ownerId))
    expect(before.length).toBeGreaterThan(0)
    await collectLater(controlPlane, 3)
    expect(await keysUnder(objectStore, packPrefix(repl.ownerId))).toEqual(before)
    await workspaces.purge(repl)
    await collectLater(controlPlane, 2)
    expect(await keysUnder(objectStore, packPrefix(repl.ownerId))).toEqual([])
  })

  test('what a pass that died was deleting is deleted by a later one, and a rescuer does not count on it', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore } = controlPlane
    const ownerId = newId()
    const key = `${packPrefix(ownerId)}${'a'.repeat(64)}`
    await objectStore.put(key, Buffer.from('x'))
    const began = Date.now()
    await editCollection(objectStore, ownerId, () => ({ doomed: {}, deleting: { [key]: began } }))
    await expect(rescue(objectStore, ownerId, [key])).rejects.toMatchObject({ code: 'unavailable' })
    await collect({ objectStore, ownerId, now: () => began + TAKE_OVER_MS })
    expect(await objectStore.head(key)).toBeUndefined()
    await expect(rescue(objectStore, ownerId, [key])).resolves.toBeUndefined()
  }, 20_000)

  test('what a pass that died was deleting half an hour ago is counted on again by who needs it', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore } = controlPlane
    const ownerId = newId()
    const key = `${packPrefix(ownerId)}${'a'.repeat(64)}`
    await objectStore.put(key, Buffer.from('x'))
    const began = Date.now() - TAKE_OVER_MS
    await editCollection(objectStore, ownerId, () => ({ doomed: {}, deleting: { [key]: began } }))
    await rescue(objectStore, ownerId, [key])
    expect(await collect({ objectStore, ownerId, now: Date.now })).toBe(0)
    expect(await objectStore.head(key)).toBeDefined()
  }, 20_000)

  test('a pass that takes too long lets go of what it did not come to', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore } = controlPlane
    const ownerId = newId()
    const key = `${packPrefix(ownerId)}${'a'.repeat(64)}`
    await objectStore.put(key, Buffer.from('x'))
    await editCollection(objectStore, ownerId, () => ({ doomed: { [key]: Date.now() - DOOMED_MS }, deleting: {} }))
    // An hour goes by each time that it looks at the clock.
    let at = Date.now()
    expect(await collect({ objectStore, ownerId, now: () => (at += 3_600_000) })).toBe(0)
    await rescue(objectStore, ownerId, [key])
    expect((await readCollection(objectStore, ownerId)).collection).toEqual({ doomed: {}, deleting: {} })
    expect(await objectStore.head(key)).toBeDefined()
  })

  test('lists no more than it may, and deletes what found no room in later passes', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore } = controlPlane
    const ownerId = newId()
    const packs = Array.from({ length: 8 }, (_, at) => `${packPrefix(ownerId)}${String(at).repeat(64)}`)
    for (const key of packs) await objectStore.put(key, Buffer.from('x'))
    let at = Date.now() + GRACE_MS + 60_000
    const pass = () => collect({ objectStore, ownerId, now: () => at, maxListed: 5 })
    const listed = async () => Object.keys((await readCollection(objectStore, ownerId)).collection.doomed).length
    expect([await pass(), await listed()]).toEqual([0, 5])
    at += DOOMED_MS
    expect([await pass(), await listed()]).toEqual([5, 0])
    expect([await pass(), await listed()]).toEqual([0, 3])
    at += DOOMED_MS
    expect([await pass(), await listed()]).toEqual([3, 0])
    expect(await keysUnder(objectStore, packPrefix(ownerId))).toEqual([])
  })

  test('a list that grew too long before it was bounded keeps nobody from saving, and is cut', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore } = controlPlane
    const ownerId = newId()
    // Few and long ones: what counts is how much there is to read.
    const keys = Array.from({ length: 40 }, (_, at) => `${packPrefix(ownerId)}${String(at).padStart(1024 * 1024, '0')}`)
    const at = Date.now()
    const list = { doomed: Object.fromEntries(keys.map((key) => [key, at])), deleting: {} }
    const bytes = Buffer.from(JSON.stringify({ format: 'devex-collection', version: 1, ...list }))
    expect(bytes.length).toBeGreaterThan(32 * 1024 * 1024)
    await objectStore.put(collectionKey(ownerId), bytes)
    await rescue(objectStore, ownerId, keys.slice(0, 1))
    await collect({ objectStore, ownerId, now: () => at })
    expect((await objectStore.head(collectionKey(ownerId)))?.bytes).toBeLessThan(1000)
  }, 60_000)
})
