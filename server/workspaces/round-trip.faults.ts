import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { addSmallFiles, makeNastyTree } from '#server/workspaces/_tree.ts'
import { cycle, makeBucket, openDisk, s3 } from '#server/workspaces/round-trip.contract.ts'

const MIB = 1024 * 1024
const HOUR_MS = 60 * 60_000

function makeVariant(workspace: string): void {
  makeNastyTree(workspace)
  addSmallFiles(workspace, 2000)
}

/** What `makeNastyTree` has, a file of 2 GiB and 100,000 files. */
function makeFullTree(workspace: string): void {
  makeNastyTree(workspace)
  addSmallFiles(workspace, 100_000)
  const file = openSync(join(workspace, 'two-gib'), 'w')
  const block = Buffer.alloc(MIB)
  for (let at = 0; at < 2048; at += 1) {
    // No two blocks are the same, every other one is hardly more than a hole, and the rest can be compressed a little.
    block.fill(at % 2 === 0 ? `block ${at} ${(at * 7919).toString(36)} ` : 0)
    block.writeUInt32BE(at)
    writeSync(file, block)
  }
  closeSync(file)
}

describe('D5: a workspace that is stopped and started', { timeout: HOUR_MS }, () => {
  test('is the same after 100 rounds, through the disk', async () => {
    expect(await cycle(openDisk, 100, makeVariant)).toEqual([])
  })

  test.skipIf(!s3.isThere)(`is the same after 100 rounds, through S3${s3.why}`, async () => {
    await using bucket = await makeBucket()
    expect(await cycle(bucket.open, 100, makeVariant)).toEqual([])
  })

  test('with 100,000 files and one of 2 GiB is the same after 2 rounds, through the disk', async () => {
    expect(await cycle(openDisk, 2, makeFullTree)).toEqual([])
  })

  test.skipIf(!s3.isThere)(
    `with 100,000 files and one of 2 GiB is the same after 2 rounds, through S3${s3.why}`,
    async () => {
      await using bucket = await makeBucket()
      expect(await cycle(bucket.open, 2, makeFullTree)).toEqual([])
    },
  )
})
