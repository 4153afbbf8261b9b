import { expect, test } from 'vitest'
import { measureMemory } from '#server/workspaces/memory.contract.ts'

test.skipIf(process.platform !== 'linux')(
  'the sidecar’s memory is bounded with a workspace of 5 GiB, saving and restoring (only on Linux: /proc)',
  { timeout: 30 * 60_000 },
  async () => {
    const { saveBound, restoreBound, saving, stopping, restoring } = await measureMemory({
      solidMib: 3072,
      sparseMib: 2048,
      smallFiles: 50_000,
    })
    expect(saving).toBeLessThan(saveBound)
    expect(stopping).toBeLessThan(saveBound)
    expect(restoring).toBeLessThan(restoreBound)
  },
)
