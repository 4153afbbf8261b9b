import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { AtHand } from '#protocol/adoption.ts'
import { INTERNAL_ROUTES, MAX_AT_HAND } from '#protocol/adoption.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { describeTree, makeNastyTree } from '#server/workspaces/_tree.ts'
import { createWorkspaces } from '#server/workspaces/create-workspaces.ts'
import { createTemplates } from '#server/workspaces/load-templates.ts'
import { readObject } from '#server/workspaces/read-object.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

/** A control plane with a saved repl in it, whose sandbox is gone. */
async function saved(
  ...fills: ((workspace: string) => void)[]
): Promise<{ controlPlane: ControlPlane; tree: string[] }> {
  const controlPlane = await ControlPlane.start(openDisk)
  await using sandbox = await Sandbox.start(controlPlane)
  await controlPlane.adopt(sandbox)
  for (const fill of fills) {
    fill(sandbox.workspace)
    await controlPlane.save(sandbox)
  }
  await controlPlane.stop(sandbox)
  return { controlPlane, tree: describeTree(sandbox.workspace) }
}

/** The tree that the next sandbox restores, and what it asked for. */
async function restored(controlPlane: ControlPlane, atHand: AtHand | undefined) {
  controlPlane.newestGeneration += 1
  await using sandbox = await Sandbox.start(controlPlane)
  const before = controlPlane.asked.length
  await controlPlane.adopt(sandbox, { atHand })
  return { tree: describeTree(sandbox.workspace), asked: controlPlane.asked.slice(before) }
}

describe('what is at hand when a sandbox is adopted', { timeout: 90_000 }, () => {
  test('is a small workspace as a whole, which then only asks whose head it is', async () => {
    const fill = (workspace: string) => {
      for (let at = 0; at < 50; at++) writeFileSync(join(workspace, `small-${at}`), randomBytes(1000))
    }
    const { controlPlane, tree } = await saved(fill)
    await using _ = controlPlane
    const again = await restored(controlPlane, await controlPlane.workspaces.atHand(controlPlane.repl))
    expect(again.tree).toEqual(tree)
    expect(again.asked[0]).toBe(INTERNAL_ROUTES.head)
    expect(again.asked.filter((path) => path.startsWith(INTERNAL_ROUTES.objects))).toEqual([])
    expect(again.asked).not.toContain(INTERNAL_ROUTES.downloads)
  })

  test('may be many packs, some a little smaller than those before', async () => {
    const sizes = [12_000, 15_000, 18_000, 24_000, 19_000, 16_000, 13_000]
    const fills = sizes.map(
      (size, at) => (workspace: string) => writeFileSync(join(workspace, `${at}`), randomBytes(size)),
    )
    const { controlPlane, tree } = await saved(...fills)
    await using _ = controlPlane
    const atHand = await controlPlane.workspaces.atHand(controlPlane.repl)
    expect(atHand?.contents.length).toBeGreaterThan(sizes.length)
    expect((await restored(controlPlane, atHand)).tree).toEqual(tree)
  })

  test('may be of more packs than are sent along', async () => {
    const fills = Array.from({ length: MAX_AT_HAND + 10 }, (_, at) => {
      return (workspace: string) => writeFileSync(join(workspace, `${at}`), randomBytes(200))
    })
    const { controlPlane, tree } = await saved(...fills)
    await using _ = controlPlane
    const atHand = await controlPlane.workspaces.atHand(controlPlane.repl)
    expect(atHand?.contents).toHaveLength(MAX_AT_HAND)
    expect((await restored(controlPlane, atHand)).tree).toEqual(tree)
  })

  test('names where a large one lies, which is fetched from there', async () => {
    const fill = (workspace: string) => writeFileSync(join(workspace, 'large'), randomBytes(400_000))
    const { controlPlane, tree } = await saved(fill)
    await using _ = controlPlane
    const atHand = await controlPlane.workspaces.atHand(controlPlane.repl)
    expect(atHand?.downloads.length).toBe(1)
    const again = await restored(controlPlane, atHand)
    expect(again.tree).toEqual(tree)
    expect(again.asked.filter((path) => path.startsWith(INTERNAL_ROUTES.objects))).toHaveLength(1)
    expect(again.asked).not.toContain(INTERNAL_ROUTES.downloads)
  })

  test('may be of an older snapshot: the newest one is restored', async () => {
    const { controlPlane } = await saved(makeNastyTree)
    await using _ = controlPlane
    const old = await controlPlane.workspaces.atHand(controlPlane.repl)
    controlPlane.newestGeneration += 1
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    writeFileSync(join(sandbox.workspace, 'newer'), 'newer')
    await controlPlane.stop(sandbox)
    expect((await restored(controlPlane, old)).tree).toEqual(describeTree(sandbox.workspace))
  })

  test('may be wrong or gone: what it says is checked like anything from the store', async () => {
    const { controlPlane } = await saved(makeNastyTree)
    await using _ = controlPlane
    const atHand = await controlPlane.workspaces.atHand(controlPlane.repl)
    const wrong = atHand?.contents.map(({ name }) => ({ name, content: Buffer.from('wrong').toString('base64') })) ?? []
    await expect(restored(controlPlane, { contents: wrong, downloads: [] })).rejects.toThrow(
      'does not hold what its name says',
    )
  })

  test('is what a template consists of, which is not read again', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore, repl, workspaces } = controlPlane
    const folder = join(import.meta.dirname, '../../templates')
    const templates = await createTemplates({ folder, probe: async () => true })
    await workspaces.seed(repl, templates.get('node'))
    const asStored = await createWorkspaces({ objectStore }).atHand(repl)
    expect(asStored?.contents.length).toBeGreaterThan(1)
    const named = await Array.fromAsync(objectStore.list(''))
    await objectStore.delete(named.map(({ key }) => key).filter((key) => /\/(packs|manifests)\//.test(key)))
    expect(await workspaces.atHand(repl)).toEqual(asStored)
    expect(await createWorkspaces({ objectStore }).atHand(repl)).toBeUndefined()
  })

  test('a pack of which one byte is another is refused, and taken when it is whole again', async () => {
    const fill = (workspace: string) => writeFileSync(join(workspace, 'random'), randomBytes(400_000))
    const { controlPlane, tree } = await saved(fill)
    await using _ = controlPlane
    const { objectStore } = controlPlane
    const packs = (await Array.fromAsync(objectStore.list('owners/'))).filter(({ key }) => key.includes('/packs/'))
    const [largest] = packs.toSorted((a, b) => b.bytes - a.bytes)
    const whole = await readObject(objectStore, largest?.key ?? '', 1_000_000)
    const changed = Buffer.from(whole?.bytes ?? '')
    // Nothing compresses it, so it lies there as it is, and zstd notices nothing.
    changed[200_000] = (changed[200_000] ?? 0) ^ 1
    await objectStore.put(largest?.key ?? '', changed)
    await expect(restored(controlPlane, undefined)).rejects.toThrow(/chunk .* does not hold what its name says/)
    await objectStore.put(largest?.key ?? '', whole?.bytes ?? changed)
    expect((await restored(controlPlane, undefined)).tree).toEqual(tree)
  })

  test('is nothing for a repl that was never saved', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    expect(await controlPlane.workspaces.atHand(controlPlane.repl)).toBeUndefined()
  })
})
