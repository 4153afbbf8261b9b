import { existsSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { PROGRAM } from '#server/workspaces/faults/_lanes.ts'
import { sufferInProducts } from '#server/workspaces/faults/_products.ts'
import { createRandom } from '#server/workspaces/faults/_random.ts'
import { withSeed } from '#server/workspaces/faults/_run.ts'

const why = existsSync(PROGRAM) ? '' : ' (skipped: npm run build has not made .build/sandbox)'
const seed = Number(process.env['FAULT_SEED'] ?? randomInt(2 ** 32))
const COUNT = Number(process.env['FAULT_COUNT'] ?? 150)

describe.skipIf(why !== '')(`faults of whole processes${why}`, () => {
  test(`${COUNT} of them: nothing is lost, torn, twice there or left over`, async () => {
    const tally = await withSeed(seed, () =>
      sufferInProducts({ random: createRandom(seed), products: 2, count: COUNT }),
    )
    expect([...tally.values()].reduce((a, b) => a + b)).toBe(COUNT)
  })
})
