import { existsSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { PROGRAM, sufferInLanes } from '#server/workspaces/faults/_lanes.ts'
import { createRandom } from '#server/workspaces/faults/_random.ts'
import { withSeed } from '#server/workspaces/faults/_run.ts'

const why = existsSync(PROGRAM) ? '' : ' (skipped: npm run build has not made .build/sandbox)'
const seed = Number(process.env['FAULT_SEED'] ?? randomInt(2 ** 32))
const COUNT = Number(process.env['FAULT_COUNT'] ?? 850)

describe.skipIf(why !== '')(`faults of the store and of sidecars${why}`, () => {
  test(`${COUNT} of them: nothing is lost, nothing is torn`, async () => {
    const tally = await withSeed(seed, () => sufferInLanes({ random: createRandom(seed), lanes: 4, count: COUNT }))
    expect([...tally.values()].reduce((a, b) => a + b)).toBe(COUNT)
  })
})
