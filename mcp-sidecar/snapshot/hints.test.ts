import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { change, makeFiles, numbers } from './_changes.ts'
import { memoryStore } from './memory-store.ts'
import { restoreVolume } from './restorer.ts'
import { Saver } from './saver.ts'

const ROUNDS = 150

test(
  'a save that looks at hints alone finds what one that looks at everything finds',
  { timeout: 60_000 },
  async () => {
    const place = mkdtempSync('/tmp/devex-hints-')
    const volumeDir = join(place, 'volume')
    const workspace = join(volumeDir, 'workspace')
    mkdirSync(workspace, { recursive: true })
    mkdirSync(join(volumeDir, 'home'))
    makeFiles(workspace)
    const controlPlane = memoryStore()
    const saver = new Saver({ volumeDir, stateDir: join(place, 'state'), controlPlane })
    await saver.save('save', () => undefined)
    const pick = numbers(20_261_121)
    for (let round = 0; round < ROUNDS; round += 1) {
      const hints = Array.from({ length: 1 + pick(3) }, () => change(workspace, pick)).flat()
      const hinted = await saver.save('auto', () => undefined, new Set(hints.map((path) => `workspace/${path}`)))
      expect(hinted.look).toBe('changes')
      const full = await saver.save('save', () => undefined)
      expect(`${round} ${hints.join(' ')}: ${hinted.snapshot}`).toBe(`${round} ${hints.join(' ')}: ${full.snapshot}`)
    }
    // What was saved last is a tree that can be restored.
    const { manifest } = await controlPlane.head()
    const restored = join(place, 'restored')
    for (const root of ['workspace', 'home']) mkdirSync(join(restored, root), { recursive: true })
    const options = { volumeDir: restored, stateDir: join(place, 'state-2'), controlPlane, onFile: () => undefined }
    await restoreVolume(manifest ?? '', options)
    const again = new Saver({ ...options })
    const { files } = await again.save('save', () => undefined)
    expect(files).toBe((await saver.save('save', () => undefined)).files)
    rmSync(place, { recursive: true, force: true })
  },
)

test('hints that say nothing exact, or too much, make a save look at everything', async () => {
  const place = mkdtempSync('/tmp/devex-hints-')
  const volumeDir = join(place, 'volume')
  for (const root of ['workspace', 'home']) mkdirSync(join(volumeDir, root), { recursive: true })
  const saver = new Saver({ volumeDir, stateDir: join(place, 'state'), controlPlane: memoryStore() })
  await saver.save('save', () => undefined)
  writeFileSync(join(volumeDir, 'workspace/new'), 'new')
  const many = Array.from({ length: 300 }, (_, at) => `workspace/${at}`)
  for (const hints of [['workspace'], many, ['elsewhere/x']])
    expect(await saver.save('auto', () => undefined, new Set(hints))).toMatchObject({ look: 'everything', files: 1 })
  rmSync(place, { recursive: true, force: true })
})
