import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })
const PATIENCE = { timeout: 15_000 }

const filesAtRest = async ({ workspaces, repl }: ControlPlane) => (await workspaces.head(repl.replId))?.files

describe('a sidecar that is told to end', { timeout: 30_000 }, () => {
  test('ends the runner’s processes, saves what nobody asked it to save, and is gone', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(1)
    writeFileSync(join(sandbox.workspace, 'work'), 'the last minute')
    await sandbox.killSidecar('SIGTERM')
    expect(sandbox.calls('/quiesce')).toBe(1)
    expect(await filesAtRest(controlPlane)).toBe(1)
  })

  test('goes on trying while the control plane is away', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(1)
    controlPlane.isStoreDown = true
    writeFileSync(join(sandbox.workspace, 'work'), 'the last minute')
    const ended = sandbox.killSidecar('SIGTERM')
    // The second time that processes are ended is the second attempt to save.
    await expect.poll(() => sandbox.calls('/quiesce'), PATIENCE).toBe(2)
    controlPlane.isStoreDown = false
    await ended
    expect(await filesAtRest(controlPlane)).toBe(1)
  })

  test('after a committed stop is gone at once, with nobody there to ask', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    await controlPlane.stop(sandbox)
    const commits = controlPlane.commits.length
    controlPlane.isStoreDown = true
    await sandbox.killSidecar('SIGTERM')
    expect([controlPlane.commits.length, sandbox.calls('/quiesce')]).toEqual([commits, 1])
  })

  test('without a repl is gone at once', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await sandbox.killSidecar('SIGTERM')
    expect(sandbox.calls('/quiesce')).toBe(0)
  })

  test('whose generation was replaced does not wait for what cannot come', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(1)
    controlPlane.newestGeneration += 1
    writeFileSync(join(sandbox.workspace, 'work'), 'too late')
    await sandbox.killSidecar('SIGTERM')
    expect(await filesAtRest(controlPlane)).toBe(0)
  })
})
