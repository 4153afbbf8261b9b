import { existsSync, mkdtempSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { readMarker, restoredNow, settle, writeMarker } from './adoption-marker.ts'

/** An adopted volume whose runner has just been opened. */
async function openedVolume() {
  const volumeDir = mkdtempSync('/tmp/devex-marker-')
  onTestFinished(() => rmSync(volumeDir, { recursive: true }))
  const stateDir = join(volumeDir, 'state')
  const marker = restoredNow({ repl: newId(), generation: 1 })
  await writeMarker(stateDir, marker)
  await writeMarker(stateDir, { ...marker, phase: 'opened' })
  return { volumeDir, stateDir, file: join(stateDir, 'adoption.json') }
}

test('a marker of which a loss of power left nothing counts as none, so that the volume is restored anew', async () => {
  const { stateDir, file } = await openedVolume()
  expect(readMarker(stateDir)).toMatchObject({ phase: 'opened' })
  truncateSync(file)
  expect(readMarker(stateDir)).toBeUndefined()
})

test('a marker that is damaged otherwise is refused: nothing is restored over what may be live work', async () => {
  const { stateDir, file } = await openedVolume()
  truncateSync(file, readFileSync(file).length - 5)
  expect(() => readMarker(stateDir)).toThrow(SyntaxError)
})

test.skipIf(!existsSync('/proc/sys/kernel/random/boot_id'))(
  'a settled volume stays the user’s whatever boot comes',
  async () => {
    const { volumeDir, stateDir, file } = await openedVolume()
    expect(readFileSync(file, 'utf8')).toContain('"boot"')
    await settle({ stateDir, volumeDir })
    expect(readFileSync(file, 'utf8')).not.toContain('"boot"')
    expect(readMarker(stateDir)).toMatchObject({ phase: 'opened' })
  },
)
