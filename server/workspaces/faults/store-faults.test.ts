import { existsSync } from 'node:fs'
import { randomInt } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { onS3 } from '#server/workspaces/faults/_s3-lane.ts'
import { PROGRAM, sufferInLanes } from '#server/workspaces/faults/_lanes.ts'
import type { LaneParts } from '#server/workspaces/faults/_lanes.ts'
import { createRandom } from '#server/workspaces/faults/_random.ts'
import { withSeed } from '#server/workspaces/faults/_run.ts'

const why = existsSync(PROGRAM) ? '' : ' (skipped: npm run build has not made .build/sandbox)'
const seed = Number(process.env['FAULT_SEED'] ?? randomInt(2 ** 32))
const COUNT = Number(process.env['FAULT_COUNT'] ?? 170)
/** Through the wire, where the test bed has a server. */
const S3_COUNT = 30
const endpoint = process.env['TESTBED_S3_ENDPOINT'] ?? ''
const s3 = {
  endpoint,
  region: process.env['TESTBED_S3_REGION'] ?? 'us-east-1',
  credentials: {
    accessKeyId: process.env['TESTBED_S3_ACCESS_KEY'] ?? '',
    secretAccessKey: process.env['TESTBED_S3_SECRET_KEY'] ?? '',
  },
}

describe.skipIf(why !== '')(`faults of the store and of sidecars${why}`, () => {
  test(`${COUNT} of them: nothing is lost, nothing is torn`, { timeout: 300_000 }, async () => {
    const tally = await withSeed(seed, () => sufferInLanes({ random: createRandom(seed), lanes: 4, count: COUNT }))
    expect([...tally.values()].reduce((a, b) => a + b)).toBe(COUNT)
  })

  test.skipIf(endpoint === '')(
    `${S3_COUNT} of them through S3${endpoint === '' ? ' (skipped: TESTBED_S3_ENDPOINT names no server)' : ''}`,
    { timeout: 300_000 },
    async () => {
      const options = { random: createRandom(seed), lanes: 2, count: S3_COUNT }
      const open = (part: LaneParts) => onS3(part, s3)
      const tally = await withSeed(seed, () => sufferInLanes({ ...options, open }))
      expect([...tally.values()].reduce((a, b) => a + b)).toBe(S3_COUNT)
    },
  )
})
