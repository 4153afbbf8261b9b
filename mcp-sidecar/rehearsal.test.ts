import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { writeMarker } from './adoption-marker.ts'
import { rehearse } from './rehearsal.ts'

function newStateDir(): string {
  const folder = mkdtempSync('/tmp/devex-rehearsal-')
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return folder
}

test('a rehearsal leaves nothing behind', async () => {
  const stateDir = newStateDir()
  await rehearse(stateDir)
  expect(readdirSync(stateDir)).toEqual([])
})

test('what a rehearsal that was killed has left is not in the way, and is gone after the next', async () => {
  const stateDir = newStateDir()
  const left = join(stateDir, 'rehearsal', 'state')
  mkdirSync(left, { recursive: true })
  writeFileSync(join(left, 'adoption.json'), 'half of')
  await rehearse(stateDir)
  expect(readdirSync(stateDir)).toEqual([])
})

test('a repl that adopts meanwhile keeps its marker', async () => {
  const stateDir = newStateDir()
  const rehearsed = rehearse(stateDir)
  await writeMarker(stateDir, { repl: '0123456789abcdef', generation: 3, phase: 'restored' })
  await rehearsed
  expect(readdirSync(stateDir)).toEqual(['adoption.json'])
})
