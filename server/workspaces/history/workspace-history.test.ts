import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { createWorkspaceHistory } from '#server/workspaces/history/workspace-history.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

test('what a start works on by now is not moved under it', { timeout: 30_000 }, async () => {
  await using controlPlane = await ControlPlane.start(openDisk)
  const { objectStore, repl } = controlPlane
  const history = createWorkspaceHistory({ objectStore })
  {
    await using sandbox = await Sandbox.start(controlPlane)
    await controlPlane.adopt(sandbox)
    writeFileSync(join(sandbox.workspace, 'a.txt'), 'one')
    await controlPlane.stop(sandbox)
  }
  const generation = await history.generation(repl.replId)
  const [{ manifest } = { manifest: '' }] = await history.rows(repl.replId)
  await expect(history.moveTo(repl, { manifest, generation })).resolves.toMatchObject({ reason: 'restore', manifest })
  controlPlane.newestGeneration += 1
  await using next = await Sandbox.start(controlPlane)
  await controlPlane.adopt(next)
  await expect(history.moveTo(repl, { manifest, generation })).rejects.toMatchObject({ code: 'conflict' })
})
