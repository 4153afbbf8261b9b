import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SidecarError } from '../sidecar-error.ts'
import { memoryStore } from './memory-store.ts'
import { Saver } from './saver.ts'

test('a save that broke off is taken up: what was sent is not sent again', async () => {
  const place = mkdtempSync('/tmp/devex-resume-')
  const volumeDir = join(place, 'volume')
  for (const root of ['workspace', 'home']) mkdirSync(join(volumeDir, root), { recursive: true })
  for (let at = 0; at < 24; at += 1) writeFileSync(join(volumeDir, `workspace/${at}`), randomBytes(1024 * 1024))
  const store = memoryStore()
  const sent: string[] = []
  let failsAt = 4
  const upload: typeof store.upload = async (name, bytes) => {
    failsAt -= 1
    if (failsAt === 0) throw new SidecarError('unavailable', 'The store is gone.')
    sent.push(name)
    await store.upload(name, bytes)
  }
  const saver = new Saver({ volumeDir, stateDir: join(place, 'state'), controlPlane: { ...store, upload } })
  await expect(saver.save('save', () => undefined)).rejects.toMatchObject({ code: 'unavailable' })
  expect((await store.head()).manifest).toBeNull()
  const before = sent.length
  expect(before).toBeGreaterThanOrEqual(3)
  expect(await saver.save('save', () => undefined)).toMatchObject({ files: 24 })
  expect(new Set(sent).size).toBe(sent.length)
  // Six packs of files, one of segments, the manifest.
  expect(sent).toHaveLength(8)
  rmSync(place, { recursive: true, force: true })
})
