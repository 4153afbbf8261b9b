import { mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { makeLargeTree, peakMibDuring, settledMib } from '#server/workspaces/_memory.ts'
import { buildSandbox } from '../../scripts/build-sandbox.ts'

/** What the sidecar may take above what it has when it has nothing to do, whatever the size of the workspace. */
const BOUND_MIB = 64

test.skipIf(process.platform !== 'linux')(
  'the sidecar’s memory does not grow with the workspace, neither saving nor restoring (only on Linux: /proc)',
  { timeout: 120_000 },
  async () => {
    const built = mkdtempSync('/tmp/devex-built-')
    await buildSandbox(built)
    const program = join(built, 'sidecar.mjs')
    await using controlPlane = await ControlPlane.start((folder) =>
      openDiskObjectStore({ folder, signingKey: SIGNING_KEY }),
    )
    await using first = await Sandbox.start(controlPlane, program)
    await controlPlane.adopt(first)
    await controlPlane.save(first)
    const idle = await settledMib(first.pid)
    makeLargeTree(first.workspace, { solidMib: 250, sparseMib: 500, smallFiles: 5000 })
    expect((await peakMibDuring(first.pid, () => controlPlane.save(first))) - idle).toBeLessThan(BOUND_MIB)
    expect((await peakMibDuring(first.pid, () => controlPlane.stop(first))) - idle).toBeLessThan(BOUND_MIB)

    controlPlane.newestGeneration += 1
    await using next = await Sandbox.start(controlPlane, program)
    const idleNext = await settledMib(next.pid)
    expect((await peakMibDuring(next.pid, () => controlPlane.adopt(next))) - idleNext).toBeLessThan(BOUND_MIB)
    await rm(built, { recursive: true })
  },
)
