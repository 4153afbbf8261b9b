import { expect, test } from 'vitest'
import { measureMemory } from '#server/workspaces/memory.contract.ts'

test.skipIf(process.platform !== 'linux')(
  'the sidecar’s memory does not grow with the workspace, neither saving nor restoring (only on Linux: /proc)',
  { timeout: 120_000 },
  async () => {
    const { saveBound, restoreBound, saving, stopping, restoring } = await measureMemory({
      solidMib: 250,
      sparseMib: 500,
      smallFiles: 5000,
    })
    expect(saving).toBeLessThan(saveBound)
    expect(stopping).toBeLessThan(saveBound)
    expect(restoring).toBeLessThan(restoreBound)
  },
)
