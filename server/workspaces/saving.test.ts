import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'

/** For what comes soon by itself, on a machine that is busy. */
const PATIENCE = { timeout: 15_000 }

/** Longer than a clock's tick: what is read then is trusted by a save that is quick. */
const READ_LATER_MS = 100

/** Node.js maps no files. */
const hasPython = spawnSync('python3', ['--version']).status === 0
/** Maps a file and writes each line that it is told to its beginning. */
const MAPPER = `
import mmap, sys
with open(sys.argv[1], 'r+b') as file:
    view = mmap.mmap(file.fileno(), 0)
    for line in sys.stdin:
        view[0:4] = line.strip().encode()
        print('written', flush=True)
`

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

/** A control plane with one sandbox that its repl adopted. */
async function running(): Promise<{ controlPlane: ControlPlane; sandbox: Sandbox } & AsyncDisposable> {
  const controlPlane = await ControlPlane.start(openDisk)
  const sandbox = await Sandbox.start(controlPlane)
  await controlPlane.adopt(sandbox)
  return {
    controlPlane,
    sandbox,
    [Symbol.asyncDispose]: async () => {
      await sandbox[Symbol.asyncDispose]()
      await controlPlane[Symbol.asyncDispose]()
    },
  }
}

/** What another sandbox gets to see of a file at the workspace's top; `undefined`: nothing. */
async function restored(controlPlane: ControlPlane, name: string): Promise<string | undefined> {
  controlPlane.newestGeneration += 1
  await using sandbox = await Sandbox.start(controlPlane)
  await controlPlane.adopt(sandbox)
  const file = join(sandbox.workspace, name)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

describe('saving', { timeout: 30_000 }, () => {
  test(
    'D1: with the store down a stop fails, keeps everything, and succeeds when it is back',
    { timeout: 30_000 },
    async () => {
      await using run = await running()
      const { controlPlane, sandbox } = run
      writeFileSync(join(sandbox.workspace, 'work'), 'hours of it')
      controlPlane.isStoreDown = true
      await expect(controlPlane.stop(sandbox)).rejects.toMatchObject({ code: 'unavailable' })
      expect(readFileSync(join(sandbox.workspace, 'work'), 'utf8')).toBe('hours of it')
      controlPlane.isStoreDown = false
      expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done', files: 1 })
      expect(await restored(controlPlane, 'work')).toBe('hours of it')
    },
  )

  test('D3: two stops at once are one: one commit, the same answer, all bytes there', async () => {
    await using run = await running()
    const { controlPlane, sandbox } = run
    await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(1)
    writeFileSync(join(sandbox.workspace, 'a'), 'x'.repeat(3_000_000))
    const [first, second] = await Promise.all([controlPlane.stop(sandbox), controlPlane.stop(sandbox)])
    expect(first).toEqual(second)
    expect(await controlPlane.stop(sandbox)).toEqual(first)
    expect(controlPlane.commits).toHaveLength(2)
    expect(sandbox.calls('/quiesce')).toBe(1)
    expect(await restored(controlPlane, 'a')).toHaveLength(3_000_000)
  })

  test('a save without changes commits nothing and says that it is done', async () => {
    await using run = await running()
    const { controlPlane, sandbox } = run
    writeFileSync(join(sandbox.workspace, 'a'), '1')
    const first = await controlPlane.save(sandbox)
    const commits = controlPlane.commits.length
    expect(await controlPlane.save(sandbox)).toEqual(first)
    expect(controlPlane.commits).toHaveLength(commits)
  })

  test('a change of the same size within the same instant is saved', async () => {
    await using run = await running()
    const { controlPlane, sandbox } = run
    for (const round of ['a', 'b', 'c', 'd']) {
      writeFileSync(join(sandbox.workspace, 'same'), round)
      await controlPlane.save(sandbox)
    }
    expect(await restored(controlPlane, 'same')).toBe('d')
  })

  test.skipIf(!hasPython)(
    'what a program writes through a mapping, which changes no time stamp, is saved by a stop (needs python3)',
    async () => {
      await using run = await running()
      const { controlPlane, sandbox } = run
      const file = join(sandbox.workspace, 'mapped')
      writeFileSync(file, 'x'.repeat(10_000))
      const mapper = spawn('python3', ['-c', MAPPER, file], { stdio: ['pipe', 'pipe', 'inherit'] })
      const write = async (text: string) => {
        mapper.stdin.write(`${text}\n`)
        await once(mapper.stdout, 'data')
      }
      await write('AAAA')
      await delay(READ_LATER_MS)
      await controlPlane.save(sandbox)
      await write('BBBB')
      mapper.stdin.end()
      await once(mapper, 'exit')
      await controlPlane.stop(sandbox)
      expect(await restored(controlPlane, 'mapped')).toBe(`BBBB${'x'.repeat(9996)}`)
    },
  )

  test('a stale generation cannot commit, nor take the head back', async () => {
    await using run = await running()
    const { controlPlane, sandbox: stale } = run
    writeFileSync(join(stale.workspace, 'file'), 'old')
    await controlPlane.save(stale)
    controlPlane.newestGeneration = 2
    await using newest = await Sandbox.start(controlPlane)
    await controlPlane.adopt(newest)
    writeFileSync(join(stale.workspace, 'file'), 'written by a ghost')
    await expect(controlPlane.stop(stale)).rejects.toMatchObject({ code: 'conflict' })
    // Even if nobody but the head itself knew that the generation is over.
    controlPlane.newestGeneration = 1
    await expect(controlPlane.stop(stale)).rejects.toMatchObject({ code: 'conflict' })
    controlPlane.newestGeneration = 2
    expect(await restored(controlPlane, 'file')).toBe('old')
  })

  test('a commit whose answer was lost counts as done', async () => {
    await using run = await running()
    const { controlPlane, sandbox } = run
    await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(1)
    writeFileSync(join(sandbox.workspace, 'a'), '1')
    controlPlane.losesCommitAnswers = true
    expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done', files: 1 })
    expect(controlPlane.losesCommitAnswers).toBe(false)
    expect(await restored(controlPlane, 'a')).toBe('1')
  })

  test('packs that the store lost are sent again', async () => {
    await using run = await running()
    const { controlPlane, sandbox } = run
    writeFileSync(join(sandbox.workspace, 'kept'), 'kept')
    await controlPlane.save(sandbox)
    // Head and packs vanish together: what the sidecar believes to lie there does not.
    const keys: string[] = []
    for await (const { key } of controlPlane.objectStore.list('')) keys.push(key)
    await controlPlane.objectStore.delete(keys)
    writeFileSync(join(sandbox.workspace, 'new'), 'new')
    expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done', files: 2 })
    expect(await restored(controlPlane, 'kept')).toBe('kept')
  })

  test('a file that never holds still does not keep the rest from being saved', async () => {
    await using run = await running()
    const { controlPlane, sandbox } = run
    writeFileSync(join(sandbox.workspace, 'b'), 'b')
    writeFileSync(join(sandbox.workspace, 'log'), '')
    let lines = 0
    const writing = setInterval(() => {
      lines += 1
      writeFileSync(join(sandbox.workspace, 'log'), `${lines}\n`.repeat(1000), { flag: 'a' })
    }, 1)
    const done = await controlPlane.save(sandbox)
    clearInterval(writing)
    expect(done).toMatchObject({ phase: 'done', files: 2 })
    await controlPlane.stop(sandbox)
    expect(await restored(controlPlane, 'log')).toBe(readFileSync(join(sandbox.workspace, 'log'), 'utf8'))
  })

  test('the runner being down does not keep a stop from saving', async () => {
    await using run = await running()
    const { controlPlane, sandbox } = run
    writeFileSync(join(sandbox.workspace, 'a'), '1')
    await sandbox.killRunner()
    expect(await controlPlane.stop(sandbox)).toMatchObject({ phase: 'done' })
    expect(await restored(controlPlane, 'a')).toBe('1')
  })

  test(
    'D2: what the runner saw change is in the store within five seconds, without anybody asking',
    { timeout: 15_000 },
    async () => {
      await using run = await running()
      const { controlPlane, sandbox } = run
      await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(1)
      writeFileSync(join(sandbox.workspace, 'edited'), 'now')
      const changedAt = Date.now()
      await sandbox.hint('workspace/edited')
      await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(2)
      expect(Date.now() - changedAt).toBeLessThan(5000)
      expect(await restored(controlPlane, 'edited')).toBe('now')
    },
  )

  test(
    'a store that is down is reported while the repl goes on, and again when it is back',
    { timeout: 30_000 },
    async () => {
      await using run = await running()
      const { controlPlane, sandbox } = run
      await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(1)
      controlPlane.isStoreDown = true
      writeFileSync(join(sandbox.workspace, 'edited'), 'now')
      const changedAt = Date.now()
      await sandbox.hint('workspace/edited')
      const unsaved = () => controlPlane.reports.find((report) => typeof report.unsavedSince === 'number')?.unsavedSince
      await expect.poll(unsaved, PATIENCE).toBeGreaterThanOrEqual(changedAt)
      controlPlane.isStoreDown = false
      await expect.poll(() => controlPlane.commits.length, PATIENCE).toBe(2)
      await expect.poll(() => controlPlane.reports.at(-1)?.unsavedSince, PATIENCE).toBe(null)
    },
  )
})
