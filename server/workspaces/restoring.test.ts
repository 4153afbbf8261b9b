import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PACK_TARGET_BYTES } from '#snapshot/limits.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { describeTree, makeNastyTree } from '#server/workspaces/_tree.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

interface Run extends AsyncDisposable {
  controlPlane: ControlPlane
  sandbox: Sandbox
  /** Saves, and names what was saved. */
  snapshot(): Promise<string>
}

/** A running repl whose workspace `fill` has filled. */
async function running(fill: (workspace: string) => void): Promise<Run> {
  const controlPlane = await ControlPlane.start(openDisk)
  const sandbox = await Sandbox.start(controlPlane)
  await controlPlane.adopt(sandbox)
  fill(sandbox.workspace)
  return {
    controlPlane,
    sandbox,
    snapshot: async () => {
      const done = await controlPlane.save(sandbox)
      if (done?.phase !== 'done') throw new Error('not saved')
      return `manifests/${done.snapshot}`
    },
    [Symbol.asyncDispose]: async () => {
      await sandbox[Symbol.asyncDispose]()
      await controlPlane[Symbol.asyncDispose]()
    },
  }
}

describe('restoring a snapshot under a running repl', { timeout: 30_000 }, () => {
  test('gives back everything as it was, deletions and kinds included, and can be taken back', async () => {
    await using run = await running(makeNastyTree)
    const { workspace, home } = run.sandbox
    writeFileSync(join(home, '.bashrc'), 'alias l=ls')
    const before = [...describeTree(workspace), ...describeTree(home)]
    const first = await run.snapshot()
    execFileSync('bash', ['-c', DAMAGE], { cwd: workspace })
    rmSync(join(home, '.bashrc'))
    const damaged = [...describeTree(workspace), ...describeTree(home)]
    const second = await run.snapshot()

    expect(await run.controlPlane.restore(run.sandbox, { manifest: first })).toMatchObject({ phase: 'done' })
    expect([...describeTree(workspace), ...describeTree(home)]).toEqual(before)
    await run.controlPlane.restore(run.sandbox, { manifest: second })
    expect([...describeTree(workspace), ...describeTree(home)]).toEqual(damaged)
    expect(readdirSync(join(run.sandbox.folder, 'volume')).sort()).toEqual(['home', 'workspace'])
  })

  test('keeps what does not differ: the same files, the same folders, what no snapshot holds', async () => {
    await using run = await running((workspace) => {
      mkdirSync(join(workspace, 'folder'))
      writeFileSync(join(workspace, 'folder/kept'), 'kept')
      writeFileSync(join(workspace, 'folder/changed'), 'old')
    })
    const { workspace, home } = run.sandbox
    const manifest = await run.snapshot()
    const inodes = () => ['', 'folder', 'folder/kept'].map((name) => statSync(join(workspace, name)).ino)
    const before = inodes()
    writeFileSync(join(workspace, 'folder/changed'), 'new')
    mkdirSync(join(home, '.npm/_cacache'), { recursive: true })
    writeFileSync(join(home, '.npm/_cacache/x'), 'refilled at a cost')
    const server = createServer().listen(join(workspace, 'folder/sock'))
    expect(await run.controlPlane.restore(run.sandbox, { manifest })).toMatchObject({ written: 1, removed: 0 })
    expect(readFileSync(join(workspace, 'folder/changed'), 'utf8')).toBe('old')
    expect(inodes()).toEqual(before)
    expect(existsSync(join(home, '.npm/_cacache/x'))).toBe(true)
    expect(existsSync(join(workspace, 'folder/sock'))).toBe(true)
    server.close()
    expect(await run.controlPlane.restore(run.sandbox, { manifest })).toMatchObject({ written: 0 })
  })

  test('of some paths touches nothing else, makes the folders they lie in, and removes what the snapshot lacks', async () => {
    await using run = await running((workspace) => {
      mkdirSync(join(workspace, 'a/b'), { recursive: true })
      for (const name of ['a/b/1', 'a/b/2', 'top', 'other']) writeFileSync(join(workspace, name), 'old')
    })
    const { workspace } = run.sandbox
    const manifest = await run.snapshot()
    rmSync(join(workspace, 'a'), { recursive: true })
    writeFileSync(join(workspace, 'top'), 'new')
    writeFileSync(join(workspace, 'other'), 'new')
    writeFileSync(join(workspace, 'added'), 'new')
    const read = (name: string) => readFileSync(join(workspace, name), 'utf8')

    await run.controlPlane.restore(run.sandbox, { manifest, paths: ['a/b/1', 'top'] })
    expect([read('a/b/1'), read('top'), read('other'), read('added')]).toEqual(['old', 'old', 'new', 'new'])
    expect(existsSync(join(workspace, 'a/b/2'))).toBe(false)
    await run.controlPlane.restore(run.sandbox, { manifest, paths: ['a', 'added'] })
    expect(read('a/b/2')).toBe('old')
    expect(existsSync(join(workspace, 'added'))).toBe(false)
    await expect(run.controlPlane.restore(run.sandbox, { manifest, paths: ['nowhere'] })).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  test('that fails leaves a folder closed that was', async () => {
    await using run = await running((workspace) => {
      mkdirSync(join(workspace, 'closed/deep'), { recursive: true })
      // In a pack of its own: the list of files stays readable.
      writeFileSync(join(workspace, 'closed/deep/file'), randomBytes(PACK_TARGET_BYTES))
      chmodSync(join(workspace, 'closed'), 0o555)
    })
    const { objectStore } = run.controlPlane
    const { workspace } = run.sandbox
    const manifest = await run.snapshot()
    writeFileSync(join(workspace, 'closed/deep/file'), 'new')
    const packs = (await Array.fromAsync(objectStore.list(''))).filter(({ bytes }) => bytes >= PACK_TARGET_BYTES)
    expect(packs).toHaveLength(1)
    await objectStore.delete(packs.map(({ key }) => key))
    await expect(
      run.controlPlane.restore(run.sandbox, { manifest, paths: ['closed/deep/file'] }),
    ).rejects.toMatchObject({
      message: expect.stringContaining('lacks an object of this snapshot'),
    })
    expect(statSync(join(workspace, 'closed')).mode & 0o777).toBe(0o555)
    expect(readFileSync(join(workspace, 'closed/deep/file'), 'utf8')).toBe('new')
  })

  test('S8: writes nothing through a symlink that was put where a folder was', async () => {
    await using run = await running((workspace) => {
      mkdirSync(join(workspace, 'folder'))
      writeFileSync(join(workspace, 'folder/file'), 'mine')
    })
    const { workspace, folder } = run.sandbox
    const manifest = await run.snapshot()
    const outside = join(folder, 'outside')
    mkdirSync(outside)
    writeFileSync(join(outside, 'file'), 'theirs')
    rmSync(join(workspace, 'folder'), { recursive: true })
    symlinkSync(outside, join(workspace, 'folder'))
    await expect(run.controlPlane.restore(run.sandbox, { manifest, paths: ['folder/file'] })).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('theirs')
    await run.controlPlane.restore(run.sandbox, { manifest })
    expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('theirs')
    expect(lstatSync(join(workspace, 'folder')).isDirectory()).toBe(true)
    expect(readFileSync(join(workspace, 'folder/file'), 'utf8')).toBe('mine')
  })

  test('never shows a reader half a file', async () => {
    const size = 3_000_000
    await using run = await running((workspace) => writeFileSync(join(workspace, 'file'), 'a'.repeat(size)))
    const file = join(run.sandbox.workspace, 'file')
    const first = await run.snapshot()
    writeFileSync(file, 'b'.repeat(size))
    const second = await run.snapshot()
    const seen = new Set<string>()
    const over = new AbortController()
    const reading = (async () => {
      while (!over.signal.aborted) {
        const content = readFileSync(file, 'latin1')
        seen.add(`${content.length} ${content[0]} ${content.at(-1)}`)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })()
    for (const manifest of [first, second, first, second]) await run.controlPlane.restore(run.sandbox, { manifest })
    over.abort()
    await reading
    expect([...seen].every((line) => line === `${size} a a` || line === `${size} b b`)).toBe(true)
    expect(seen.size).toBe(2)
  })

  test('is saved again by itself, and is refused once the repl has stopped', async () => {
    await using run = await running((workspace) => writeFileSync(join(workspace, 'file'), 'old'))
    const { controlPlane, sandbox } = run
    const manifest = await run.snapshot()
    writeFileSync(join(sandbox.workspace, 'file'), 'new')
    await run.snapshot()
    await controlPlane.restore(sandbox, { manifest })
    await expect.poll(() => controlPlane.commits.at(-1)?.manifest, { timeout: 15_000 }).toBe(manifest.slice(10))
    await controlPlane.stop(sandbox)
    await expect(controlPlane.restore(sandbox, { manifest })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('S8: refuses paths that lead outside', async () => {
    await using run = await running((workspace) => writeFileSync(join(workspace, 'file'), 'x'))
    const manifest = await run.snapshot()
    for (const path of ['../x', '/etc', 'a//b', ''])
      await expect(run.controlPlane.restore(run.sandbox, { manifest, paths: [path] })).rejects.toMatchObject({
        code: 'bad_request',
      })
  })
})

const DAMAGE = String.raw`
set -e
chmod 600 unreadable && echo changed > unreadable && chmod 000 unreadable
chmod 755 closed && rm closed/inside && echo more > closed/new && chmod 500 closed
rm index.js && mkdir index.js && echo in > index.js/x
rm -r nested && echo file > nested
rm link && echo file > link
rm run.sh && ln -s elsewhere run.sh
chmod 640 private && touch -d '2001-02-03 04:05:06' readonly
mkdir -p added/deep && echo 1 > added/deep/file && chmod 000 added/deep
rm -rf d??????????*
head -c 3500000 /dev/urandom > big.bin
`
