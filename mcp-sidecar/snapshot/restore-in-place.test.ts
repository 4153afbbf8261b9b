import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memoryStore } from './_memory-store.ts'
import { restoreInPlace } from './restore-in-place.ts'
import { Saver } from './saver.ts'

test('what is written while a restore is under way is neither replaced nor removed by it', async () => {
  const folder = mkdtempSync('/tmp/devex-in-place-')
  const [volumeDir, stateDir] = [join(folder, 'volume'), join(folder, 'state')]
  const at = (name: string) => join(volumeDir, 'workspace', name)
  mkdirSync(join(volumeDir, 'workspace'), { recursive: true })
  mkdirSync(join(volumeDir, 'home'))
  mkdirSync(stateDir)
  const controlPlane = memoryStore()
  const saver = new Saver({ volumeDir, stateDir, controlPlane, head: undefined })
  const save = async () => saver.save('checkpoint', () => undefined)

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
  rmSync(folder, { recursive: true })
})
