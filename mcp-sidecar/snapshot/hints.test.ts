import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { memoryStore } from './_memory-store.ts'
import { restoreVolume } from './restorer.ts'
import { Saver } from './saver.ts'

const ROUNDS = 150
const FOLDERS = 12
const FILES = 600

/** Numbers below `limit` that depend on the seed only. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

/** Makes some change in `workspace` and says which paths a watcher would name. */
function change(workspace: string, pick: (limit: number) => number): string[] {
  const folder = `folder-${pick(FOLDERS)}`
  const file = `${folder}/file-${pick(FILES / FOLDERS)}`
  const [at, dir] = [join(workspace, file), join(workspace, folder)]
  const other = `other-${pick(5)}`
  mkdirSync(dir, { recursive: true })
  switch (pick(8)) {
    case 0:
      rmSync(at, { recursive: true, force: true })
      return [file]
    case 1:
      rmSync(at, { recursive: true, force: true })
      mkdirSync(join(at, 'deep/er'), { recursive: true })
      writeFileSync(join(at, 'deep/er/x'), file)
      return [`${file}/deep/er/x`]
    case 2:
      rmSync(at, { recursive: true, force: true })
      symlinkSync('../elsewhere', at)
      return [file]
    case 3:
      rmSync(join(workspace, other), { recursive: true, force: true })
      renameSync(dir, join(workspace, other))
      return [folder, other]
    case 4:
      chmodSync(dir, 0o700 + pick(8))
      return [folder]
    default:
      rmSync(at, { recursive: true, force: true })
      appendFileSync(at, `${pick(1000)}\n`.repeat(1 + pick(50)))
      return [file]
  }
}

test(
  'a save that looks at hints alone finds what one that looks at everything finds',
  { timeout: 60_000 },
  async () => {
    const place = mkdtempSync('/tmp/devex-hints-')
    const volumeDir = join(place, 'volume')
    const workspace = join(volumeDir, 'workspace')
    mkdirSync(workspace, { recursive: true })
    mkdirSync(join(volumeDir, 'home'))
    for (let at = 0; at < FILES; at += 1) {
      mkdirSync(join(workspace, `folder-${at % FOLDERS}`), { recursive: true })
      writeFileSync(join(workspace, `folder-${at % FOLDERS}/file-${Math.floor(at / FOLDERS)}`), `${at}`)
    }
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
