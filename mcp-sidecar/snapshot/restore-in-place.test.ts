import {
  existsSync,
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
import { memoryStore } from './_memory-store.ts'
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
