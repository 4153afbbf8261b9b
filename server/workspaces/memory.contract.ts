import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { makeLargeTree, peakMibDuring, settledMib } from '#server/workspaces/_memory.ts'
import { buildSandbox } from '../../scripts/build-sandbox.ts'

/** MiB that the sidecar may take for a save above what it has when it has nothing to do, whatever the size of the workspace. */
const SAVE_BOUND_MIB = 64
/** The same for a restore, which nobody else's work waits beside. */
const RESTORE_BOUND_MIB = 96

/** For gigabytes on a busy machine. */
const PATIENCE_MS = 20 * 60_000

/** MiB above idle that a sidecar, bundled and started as sandboxes have it, takes at most with a workspace of this size. */
export async function measureMemory(
  size: Parameters<typeof makeLargeTree>[1],
): Promise<{ saveBound: number; restoreBound: number; saving: number; stopping: number; restoring: number }> {
  const folder = mkdtempSync('/tmp/devex-built-')
  const built = join(folder, 'sandbox')
  await buildSandbox(built)
  const program = join(built, 'sidecar.mjs')
  await using controlPlane = await ControlPlane.start((folder) =>
    openDiskObjectStore({ folder, signingKey: SIGNING_KEY }),
  )
  controlPlane.patienceMs = PATIENCE_MS
  await using first = await Sandbox.start(controlPlane, program)
  await controlPlane.adopt(first)
  await controlPlane.save(first)
  const idle = await settledMib(first.pid)
  makeLargeTree(first.workspace, size)
  const saving = (await peakMibDuring(first.pid, () => controlPlane.save(first))) - idle
  const stopping = (await peakMibDuring(first.pid, () => controlPlane.stop(first))) - idle

  controlPlane.newestGeneration += 1
  await using next = await Sandbox.start(controlPlane, program)
  const idleNext = await settledMib(next.pid)
  const restoring = (await peakMibDuring(next.pid, () => controlPlane.adopt(next))) - idleNext
  await rm(folder, { recursive: true })
  return { saveBound: SAVE_BOUND_MIB, restoreBound: RESTORE_BOUND_MIB, saving, stopping, restoring }
}
