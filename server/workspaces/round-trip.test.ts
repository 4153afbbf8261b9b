import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CHUNK_BYTES, MAX_FILE_CHUNKS } from '#snapshot/limits.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { ControlPlane, Sandbox } from '#server/workspaces/_constellation.ts'
import { addSmallFiles, describeTree, makeNastyTree } from '#server/workspaces/_tree.ts'
import { cycle, makeBucket, moveOn, openDisk, s3 } from '#server/workspaces/round-trip.contract.ts'

const MAKE_FIFO = 'mkfifo pipe'

/** What two stops and starts saw: the tree before each, and after it. */
async function roundTrips(openStore: (folder: string) => Promise<ObjectStore>) {
  await using controlPlane = await ControlPlane.start(openStore)
  await using first = await Sandbox.start(controlPlane)
  await controlPlane.adopt(first)
  makeNastyTree(first.workspace)
  writeFileSync(join(first.home, '.bashrc'), 'alias l=ls')
  const made = [...describeTree(first.workspace), ...describeTree(first.home)]

  await using second = await moveOn(controlPlane, first)
  const madeBack = [...describeTree(second.workspace), ...describeTree(second.home)]
  rmSync(join(second.workspace, 'index.js'))
  rmSync(join(second.workspace, 'a'), { recursive: true })
  renameSync(join(second.workspace, 'run.sh'), join(second.workspace, 'renamed.sh'))
  renameSync(join(second.workspace, 'nested'), join(second.workspace, 'moved'))
  writeFileSync(join(second.workspace, 'new'), 'new')
  const changed = describeTree(second.workspace)

  await using third = await moveOn(controlPlane, second)
  return { made, madeBack, changed, changedBack: describeTree(third.workspace) }
}

describe('a workspace that is stopped and started', { timeout: 60_000 }, () => {
  test('D5: comes back byte-, mode- and mtime-identical, deletions and renames included', async () => {
    const { made, madeBack, changed, changedBack } = await roundTrips(openDisk)
    expect(made.length).toBeGreaterThan(150)
    expect(madeBack).toEqual(made)
    expect(changedBack).toEqual(changed)
  })

  test.skipIf(!s3.isThere)(`D5: the same through S3${s3.why}`, async () => {
    await using bucket = await makeBucket()
    const { made, madeBack, changed, changedBack } = await roundTrips(bucket.open)
    expect(madeBack).toEqual(made)
    expect(changedBack).toEqual(changed)
  })

  test('D5: is the same after ten rounds of it (a hundred, and larger trees: npm run test:faults)', async () => {
    const fill = (workspace: string) => {
      makeNastyTree(workspace)
      addSmallFiles(workspace, 300)
    }
    expect(await cycle(openDisk, 10, fill)).toEqual([])
  })

  test('keeps holes of sparse files', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using first = await Sandbox.start(controlPlane)
    await controlPlane.adopt(first)
    writeFileSync(join(first.workspace, 'sparse'), '')
    truncateSync(join(first.workspace, 'sparse'), 200 * 1024 ** 2)
    await using second = await moveOn(controlPlane, first)
    const { size, blocks } = statSync(join(second.workspace, 'sparse'))
    expect(size).toBe(200 * 1024 ** 2)
    expect(blocks * 512).toBeLessThan(1024 ** 2)
  })

  test('leaves the named caches behind, and nothing else', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using first = await Sandbox.start(controlPlane)
    await controlPlane.adopt(first)
    for (const folder of ['.cache/x', '.npm/_cacache', '.npm/keep'])
      mkdirSync(join(first.home, folder), { recursive: true })
    mkdirSync(join(first.workspace, '.cache'))
    await using second = await moveOn(controlPlane, first)
    const names = describeTree(second.home).map((line) => line.split(' | ')[1])
    expect(names).toEqual(['', '/.npm', '/.npm/keep'])
    expect(statSync(join(second.workspace, '.cache')).isDirectory()).toBe(true)
  })

  test('skips sockets and fifos, and says so', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using first = await Sandbox.start(controlPlane)
    await controlPlane.adopt(first)
    execFileSync('bash', ['-c', MAKE_FIFO], { cwd: first.workspace })
    const server = createServer()
    server.listen(join(first.workspace, 'sock'))
    const done = await controlPlane.save(first)
    server.close()
    expect(done).toMatchObject({ phase: 'done', skipped: ['workspace/pipe (fifo)', 'workspace/sock (socket)'] })
  })

  test('a sparse file larger than what can be named keeps nothing else from being saved, but its sandbox', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using first = await Sandbox.start(controlPlane)
    await controlPlane.adopt(first)
    writeFileSync(join(first.workspace, 'beside.txt'), 'beside')
    writeFileSync(join(first.workspace, 'disk.img'), '')
    truncateSync(join(first.workspace, 'disk.img'), MAX_FILE_CHUNKS * CHUNK_BYTES + 1)
    const done = await controlPlane.save(first)
    const names = ['workspace/disk.img (too large to be saved)']
    expect(done).toMatchObject({ phase: 'done', skipped: names, unsaved: names })
    await expect(moveOn(controlPlane, first)).rejects.toThrow('All is saved but what cannot be: workspace/disk.img')
    rmSync(join(first.workspace, 'disk.img'))
    await using second = await moveOn(controlPlane, first)
    expect(readdirSync(second.workspace)).toEqual(['beside.txt'])
  })

  test('times of whole and broken milliseconds survive', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    await using first = await Sandbox.start(controlPlane)
    await controlPlane.adopt(first)
    for (const seconds of [0, 1, 499_162_500.123, 1_700_000_000.001, 1_700_000_000.999, 1_763_683_200.457]) {
      const file = join(first.workspace, `at-${seconds}`)
      writeFileSync(file, '')
      utimesSync(file, seconds, seconds)
    }
    const before = describeTree(first.workspace)
    await using second = await moveOn(controlPlane, first)
    expect(describeTree(second.workspace)).toEqual(before)
  })
})
