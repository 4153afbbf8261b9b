import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { change, makeFiles, numbers } from './_changes.ts'
import { memoryStore } from './memory-store.ts'
import { restoreInPlace } from './restore-in-place.ts'
import { Saver } from './saver.ts'

/** An empty volume and what saves it. */
function newVolume() {
  const folder = mkdtempSync('/tmp/devex-in-place-')
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [volumeDir, stateDir] = [join(folder, 'volume'), join(folder, 'state')]
  const at = (name: string) => join(volumeDir, 'workspace', name)
  mkdirSync(join(volumeDir, 'workspace'), { recursive: true })
  mkdirSync(join(volumeDir, 'home'))
  mkdirSync(stateDir)
  const controlPlane = memoryStore()
  const saver = new Saver({ volumeDir, stateDir, controlPlane, head: undefined })
  return { volumeDir, at, controlPlane, saver, save: () => saver.save('checkpoint', () => undefined) }
}

test('what is written while a restore is under way is neither replaced nor removed by it', async () => {
  const { volumeDir, at, controlPlane, saver, save } = newVolume()

  const names = ['a', 'b', 'c']
  for (const name of names) writeFileSync(at(name), `old ${name}`)
  const { snapshot } = await save()
  for (const name of names) writeFileSync(at(name), `new ${name}`)
  for (const name of ['kept', 'removed']) writeFileSync(at(name), 'not in the snapshot')
  await save()

  let isFirst = true
  const onFile = () => {
    if (!isFirst) return
    isFirst = false
    for (const name of names) if (readFileSync(at(name), 'utf8') === `new ${name}`) writeFileSync(at(name), 'meanwhile')
    writeFileSync(at('kept'), 'meanwhile')
  }
  const request = { manifest: `manifests/${snapshot}` }
  const done = await saver.inTurn((known) => restoreInPlace(request, { volumeDir, controlPlane, known, onFile }))

  expect(done).toEqual({ written: 1, removed: 1 })
  const contents = names.map((name) => readFileSync(at(name), 'utf8'))
  expect(contents.filter((content) => content === 'meanwhile')).toHaveLength(2)
  expect(contents.filter((content) => content.startsWith('old'))).toHaveLength(1)
  expect([readFileSync(at('kept'), 'utf8'), existsSync(at('removed'))]).toEqual(['meanwhile', false])

  await saver.inTurn((known) => restoreInPlace(request, { volumeDir, controlPlane, known, onFile }))
  expect(names.map((name) => readFileSync(at(name), 'utf8'))).toEqual(['old a', 'old b', 'old c'])
  expect(existsSync(at('kept'))).toBe(false)
})

test.each([
  { saved: 'is saved before it', isSavedSince: true },
  { saved: 'was never saved', isSavedSince: false },
])(
  'what a restore finds that the snapshot which undoes it lacks stays, also where it $saved',
  async ({ isSavedSince }) => {
    const { volumeDir, at, controlPlane, saver, save } = newVolume()
    const namesOf = () => readdirSync(join(volumeDir, 'workspace')).toSorted()

    for (const name of ['a', 'b']) writeFileSync(at(name), `old ${name}`)
    symlinkSync('old', at('link'))
    const { snapshot } = await save()
    for (const name of ['a', 'b', 'c', 'd']) writeFileSync(at(name), `new ${name}`)
    const { snapshot: undo } = await save()
    for (const name of ['a', 'c', 'e']) writeFileSync(at(name), `written since ${name}`)
    // Written again as it was: nothing of it would be lost.
    writeFileSync(at('b'), 'new b')
    rmSync(at('link'))
    symlinkSync('since', at('link'))
    if (isSavedSince) await save()

    const request = { manifest: `manifests/${snapshot}`, undo: `manifests/${undo}` }
    const onFile = () => undefined
    const done = await saver.inTurn((known) => restoreInPlace(request, { volumeDir, controlPlane, known, onFile }))
    expect(done).toEqual({ written: 1, removed: 1 })
    expect(namesOf()).toEqual(['a', 'b', 'c', 'e', 'link'])
    expect(readlinkSync(at('link'))).toBe('since')
    const contents = ['a', 'b', 'c', 'e'].map((name) => readFileSync(at(name), 'utf8'))
    expect(contents).toEqual(['written since a', 'old b', 'written since c', 'written since e'])
  },
)

test('a save between a restore and the snapshot that undoes it keeps no large tree from being restored', async () => {
  const { volumeDir, at, controlPlane, saver, save } = newVolume()
  const folders = Array.from({ length: 10 }, (_, n) => `folder-${n}`)
  for (const folder of folders) {
    mkdirSync(at(folder))
    for (let n = 0; n < 300; n += 1) writeFileSync(at(`${folder}/${n}`), `old ${n}`)
  }
  const { snapshot } = await save()
  for (const folder of folders) writeFileSync(at(`${folder}/50`), 'new')
  const { snapshot: undo } = await save()
  // What the last save knows no more of it begins in the middle of a folder.
  writeFileSync(at('folder-7/99'), 'newer')
  await save()

  const request = { manifest: `manifests/${snapshot}`, undo: `manifests/${undo}` }
  const onFile = () => undefined
  const done = await saver.inTurn((known) => restoreInPlace(request, { volumeDir, controlPlane, known, onFile }))
  expect(done).toEqual({ written: folders.length, removed: 0 })
  expect([50, 99].map((n) => readFileSync(at(`folder-7/${n}`), 'utf8'))).toEqual(['old 50', 'newer'])
})

/** All that is in a folder, a line for each thing. */
function describe(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      // As a number, a time just before a full millisecond may be rounded up to it.
      const { mode, mtimeMs } = lstatSync(path, { bigint: true })
      const content = entry.isFile() ? readFileSync(path, 'utf8') : entry.isSymbolicLink() ? readlinkSync(path) : ''
      return [path, mode.toString(8), mtimeMs, content].join(' ')
    })
    .sort()
}

test('whatever has changed, a restore brings back what the snapshot has', async () => {
  const { volumeDir, at, controlPlane, saver, save } = newVolume()
  makeFiles(at(''))
  const pick = numbers(20_261_122)
  const changeMuch = () => {
    for (let count = 1 + pick(30); count > 0; count -= 1) change(at(''), pick)
  }
  for (let round = 0; round < 10; round += 1) {
    const before = describe(at(''))
    const { snapshot } = await save()
    changeMuch()
    const { snapshot: undo } = await save()
    const request = { manifest: `manifests/${snapshot}`, undo: `manifests/${undo}` }
    const onFile = () => undefined
    await saver.inTurn((known) => restoreInPlace(request, { volumeDir, controlPlane, known, onFile }))
    expect(describe(at(''))).toEqual(before)
    // The next round starts from something else.
    changeMuch()
  }
})

test('a restore that changes more than fits into memory is refused before it changes anything', async () => {
  const { volumeDir, at, controlPlane, saver, save } = newVolume()
  makeFiles(at(''))
  const fileOf = (n: number) => at(`folder-1/file-${n}`)
  const { snapshot } = await save()
  const restore = (paths?: string[]) => {
    const options = { volumeDir, controlPlane, onFile: () => undefined, maxEntries: 80 }
    const request = { manifest: `manifests/${snapshot}`, ...(paths !== undefined && { paths }) }
    return saver.inTurn((known) => restoreInPlace(request, { ...options, known }))
  }
  // What is the same takes none, however much it is.
  for (let n = 0; n < 5; n += 1) writeFileSync(fileOf(n), 'new')
  expect(await restore()).toEqual({ written: 5, removed: 0 })

  for (let n = 0; n < 40; n += 1) writeFileSync(fileOf(n), 'new')
  await expect(restore()).rejects.toMatchObject({ code: 'too_large', advice: expect.stringContaining('Stop the repl') })
  for (let n = 0; n < 40; n += 1) expect(readFileSync(fileOf(n), 'utf8')).toBe('new')
  expect(await restore(['folder-1/file-7'])).toEqual({ written: 1, removed: 0 })
})
