import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { SIGNING_KEY } from '#server/workspaces/_constellation.ts'
import { editHead, readHead, writeHead } from '#server/workspaces/head.ts'
import type { HistoryRow } from '#server/workspaces/head.ts'

const MIB = 1024 * 1024

test('a head is never written longer than it may be read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'devex-head-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  await using objectStore = await openDiskObjectStore({ folder, signingKey: SIGNING_KEY })
  const newest = { manifest: 'a'.repeat(64), savedAt: 1, files: 1, bytes: 1, reason: 'auto' as const }
  const head = { repl: newId(), owner: newId(), generation: 1, ...newest }
  const named = (bytes: number): HistoryRow => ({ id: newId(), ...newest, name: 'x'.repeat(bytes) })
  await writeHead(objectStore, { ...head, history: [named(15 * MIB)] }, null)
  const grow = editHead(objectStore, head.repl, (current) => ({
    ...current,
    history: [...current.history, named(MIB)],
  }))
  await expect(grow).rejects.toMatchObject({ code: 'quota_exceeded' })
  expect((await readHead(objectStore, head.repl))?.head.history).toHaveLength(1)
})
