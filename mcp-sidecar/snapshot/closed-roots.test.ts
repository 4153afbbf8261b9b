import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  watch,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { SidecarError } from '../sidecar-error.ts'
import { memoryStore } from './memory-store.ts'
import { ContinuousSave } from './continuous.ts'
import { restoreInPlace } from './restore-in-place.ts'
import { makeRoots, restoreVolume } from './restorer.ts'
import { Saver } from './saver.ts'
import type { Looked } from './saver.ts'
import { walkVolume } from './walk.ts'

const NOBODY = 65_534

/** An empty volume, which belongs to somebody whom modes bind: they do not bind root. */
function newVolume() {
  const folder = mkdtempSync('/tmp/devex-closed-')
  const isRoot = process.geteuid?.() === 0
  if (isRoot) {
    chownSync(folder, NOBODY, NOBODY)
    process.setegid?.(NOBODY)
    process.seteuid?.(NOBODY)
  }
  onTestFinished(() => {
    if (isRoot) {
      process.seteuid?.(0)
      process.setegid?.(0)
    }
    spawnSync('chmod', ['-R', 'u+rwx', folder])
    rmSync(folder, { recursive: true })
  })
  const volumeDir = join(folder, 'volume')
  makeRoots(volumeDir)
  const controlPlane = memoryStore()
  const saver = new Saver({ volumeDir, stateDir: join(folder, 'state'), controlPlane, head: undefined })
  return { folder, volumeDir, workspace: join(volumeDir, 'workspace'), controlPlane, saver }
}

const modeOf = (path: string) => lstatSync(path).mode & 0o7777
const onFile = () => undefined

test.for([
  { written: '644', mode: 0o644 },
  { written: '000', mode: 0 },
])('a root that its owner closed with $written is saved as any other, and stays closed', async ({ mode }) => {
  const { folder, workspace, controlPlane, saver } = newVolume()
  mkdirSync(join(workspace, 'folder'))
  writeFileSync(join(workspace, 'folder/file'), 'kept')
  chmodSync(join(workspace, 'folder'), mode)
  chmodSync(workspace, mode)
  const { snapshot, files } = await saver.save('save', () => undefined)
  expect(files).toBe(1)
  expect(modeOf(workspace)).toBe(mode)
  expect(await saver.save('auto', () => undefined, new Set(['workspace/folder/file']))).toMatchObject({ snapshot })

  const restored = join(folder, 'restored')
  makeRoots(restored)
  const options = { volumeDir: restored, stateDir: join(folder, 'state-2'), controlPlane, onFile }
  await restoreVolume(`manifests/${snapshot}`, options)
  expect(modeOf(join(restored, 'workspace'))).toBe(mode)
  makeRoots(restored)
  expect(modeOf(join(restored, 'workspace'))).toBe(mode | 0o700)
  // Without `-p` a shell goes back to who the process really is.
  const shell = spawnSync('/bin/bash', ['-p', '-c', 'ls'], { cwd: join(restored, 'workspace'), encoding: 'utf8' })
  expect(shell.stdout).toBe('folder\n')
})

test('a root that is opened while it is looked at stays open', async () => {
  const { volumeDir, workspace } = newVolume()
  chmodSync(workspace, 0o644)
  await walkVolume(volumeDir, {
    folder: ({ root }) => {
      if (root !== 'workspace') return undefined
      const { ctimeNs } = lstatSync(workspace, { bigint: true })
      // Until the file system's clock has ticked.
      while (lstatSync(workspace, { bigint: true }).ctimeNs === ctimeNs) chmodSync(workspace, 0o744)
      return undefined
    },
    other: () => undefined,
    unreadable: () => undefined,
  })
  expect(modeOf(workspace)).toBe(0o744)
})

test('a folder that was opened while it was looked at is closed again, whatever came into it meanwhile', async () => {
  const { volumeDir, workspace } = newVolume()
  const box = join(workspace, 'box')
  mkdirSync(box)
  chmodSync(box, 0o333)
  await walkVolume(volumeDir, {
    folder: ({ path }) => {
      if (path !== 'box') return undefined
      const { ctimeNs } = lstatSync(box, { bigint: true })
      for (let at = 0; lstatSync(box, { bigint: true }).ctimeNs === ctimeNs; at++) writeFileSync(join(box, `${at}`), '')
      return undefined
    },
    other: () => undefined,
    unreadable: () => undefined,
  })
  expect(modeOf(box)).toBe(0o333)
})

test('a restore in place reaches into a root that its owner closed, and closes one that was', async () => {
  const { volumeDir, workspace, controlPlane, saver } = newVolume()
  const restore = (manifest: string) =>
    saver.inTurn((known) => restoreInPlace({ manifest }, { volumeDir, controlPlane, known, onFile }))
  mkdirSync(join(workspace, 'closed'))
  chmodSync(join(workspace, 'closed'), 0o000)
  writeFileSync(join(workspace, 'file'), 'old')
  const open = await saver.save('save', () => undefined)
  writeFileSync(join(workspace, 'more'), 'new')
  chmodSync(workspace, 0o000)
  const closed = await saver.save('save', () => undefined)

  await restore(`manifests/${open.snapshot}`)
  expect(readdirSync(workspace)).toEqual(['closed', 'file'])
  expect(await saver.save('save', () => undefined)).toMatchObject({ snapshot: open.snapshot })

  await restore(`manifests/${closed.snapshot}`)
  expect(modeOf(workspace)).toBe(0o000)
  expect(await saver.save('save', () => undefined)).toMatchObject({ snapshot: closed.snapshot })
})

describe('a look at a closed folder', () => {
  const CLOSED = new Set(['workspace/closed', 'workspace/closed/inner'])

  /** A folder closed to its owner in another. */
  function closeFolders(workspace: string): string {
    const closed = join(workspace, 'closed')
    mkdirSync(join(closed, 'inner'), { recursive: true })
    chmodSync(join(closed, 'inner'), 0o000)
    chmodSync(closed, 0o000)
    return closed
  }

  test('is noticed as a change, and that leads to no other look', async () => {
    const { workspace, saver } = newVolume()
    const looks: Looked[] = []
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    await using continuous = new ContinuousSave({
      save: async (hints) => {
        const done = await saver.save('auto', () => undefined, hints)
        looks.push(done.look)
        if (done.look === 'nothing') end()
        return done
      },
      onUnsaved: () => undefined,
      onFailure: () => undefined,
    })
    const watcher = watch(workspace, (_, name) => continuous.changed(`workspace/${name}`))
    onTestFinished(() => watcher.close())
    closeFolders(workspace)
    await ended
    expect(looks).toEqual(['everything', 'nothing'])
  })

  test.for([
    { said: 'hints', look: CLOSED },
    { said: 'hints, where there is time for more', look: { everythingIf: CLOSED } },
  ])('is not repeated for its own traces: $said', async ({ look }) => {
    const { workspace, saver } = newVolume()
    const closed = closeFolders(workspace)
    const { snapshot } = await saver.save('save', () => undefined)
    const { ctimeNs } = lstatSync(closed, { bigint: true })
    expect(await saver.save('auto', () => undefined, look)).toMatchObject({ look: 'nothing', snapshot })
    expect(lstatSync(closed, { bigint: true }).ctimeNs).toBe(ctimeNs)

    chmodSync(closed, 0o100)
    const changed = await saver.save('auto', () => undefined, look)
    expect(changed.look).not.toBe('nothing')
    expect(changed.snapshot).not.toBe(snapshot)
    expect(await saver.save('auto', () => undefined, look)).toMatchObject({ look: 'nothing' })
  })

  test('is repeated, if what it found was not saved', async () => {
    const { workspace, controlPlane, saver } = newVolume()
    const { snapshot } = await saver.save('save', () => undefined)
    closeFolders(workspace)
    const outage = vi.spyOn(controlPlane, 'upload').mockRejectedValue(new SidecarError('unavailable', 'away'))
    const save = () => saver.save('auto', () => undefined, { everythingIf: CLOSED })
    await expect(save()).rejects.toThrow('away')
    outage.mockRestore()
    const again = await save()
    expect(again.look).toBe('everything')
    expect(again.snapshot).not.toBe(snapshot)
  })
})
