import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { GRACE_MS, collect } from '#server/workspaces/collect.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { describeTree } from '#server/workspaces/_tree.ts'
import { editHead, readHead } from '#server/workspaces/head.ts'
import { forkSnapshot } from '#server/workspaces/history/copy-snapshot.ts'
import { openSnapshot, readManifest } from '#server/workspaces/history/open-snapshot.ts'
import { writeTree } from '#server/workspaces/history/write-tree.ts'
import { packPrefix } from '#server/workspaces/keys.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** More than a snapshot may have packs, each of one file. */
const SAVES = 270
const EARLY = 50

/** For what comes soon by itself, on a machine that is busy. */
const PATIENCE = { timeout: 30_000 }

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

test(
  'a repl that was saved with each new file has its packs merged; what it was can be restored, what it needs no more is deleted',
  { timeout: 120_000 },
  async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    const { objectStore, repl, folder } = controlPlane
    const newest = async () => (await readHead(objectStore, repl.replId))?.head.manifest ?? ''
    const packsOf = async (manifest: string) =>
      (await readManifest(objectStore, repl, manifest)).packs.map(({ sha256 }) => sha256)
    const stored = async () => (await Array.fromAsync(objectStore.list(packPrefix(repl.ownerId)))).length
    /** As `npm run restore` does. */
    const restored = async (manifest: string, of: WorkspaceRef = repl) => {
      const into = join(folder, 'restored')
      await writeTree(await openSnapshot(objectStore, of, manifest), into)
      const tree = describeTree(join(into, 'workspace'))
      rmSync(into, { recursive: true })
      return tree
    }

    await controlPlane.adopt(sandbox)
    let early = { manifest: '', tree: [''] }
    for (let at = 0; at < SAVES; at += 1) {
      writeFileSync(join(sandbox.workspace, `file-${at}`), `content of file ${at}\n`.repeat(1 + (at % 50)))
      await controlPlane.save(sandbox)
      if (at === EARLY) early = { manifest: await newest(), tree: describeTree(sandbox.workspace) }
    }
    const before = await packsOf(await newest())
    writeFileSync(join(sandbox.workspace, 'one more'), 'one more')
    await sandbox.hint('workspace/one more')
    await expect.poll(async () => (await packsOf(await newest())).length, PATIENCE).toBeLessThan(before.length - 100)

    const merged = await newest()
    expect(await restored(merged)).toEqual(describeTree(sandbox.workspace))
    expect(await restored(early.manifest)).toEqual(early.tree)
    // A stop finds nothing to do, and nothing that was merged is looked for in vain.
    expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done', snapshot: merged })

    const collectAll = async () => {
      for (let pass = 1; pass <= 2; pass += 1)
        await collect({ objectStore, ownerId: repl.ownerId, now: () => Date.now() + pass * (GRACE_MS + 60_000) })
    }
    await collectAll()
    expect(await restored(early.manifest)).toEqual(early.tree)
    const fork = { replId: newId(), ownerId: repl.ownerId }
    await forkSnapshot(objectStore, { repl, manifest: early.manifest }, fork)
    await editHead(objectStore, repl.replId, (head) => ({ ...head, history: head.history.slice(0, 1) }))
    await collectAll()
    // In its own history an older state is gone; a fork has it still.
    await expect(restored(early.manifest)).rejects.toMatchObject({ code: 'gone' })
    expect(await restored(early.manifest, fork)).toEqual(early.tree)
    await controlPlane.workspaces.purge(fork)
    await collectAll()
    expect(await stored()).toBe((await packsOf(merged)).length)
    expect(await restored(merged)).toEqual(describeTree(sandbox.workspace))

    controlPlane.newestGeneration += 1
    await using next = await Sandbox.start(controlPlane)
    await controlPlane.adopt(next)
    expect(describeTree(next.workspace)).toEqual(describeTree(sandbox.workspace))
  },
)
