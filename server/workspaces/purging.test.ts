import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { AppError } from '#server/errors.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { SIGNING_KEY } from '#server/workspaces/_constellation.ts'
import { createWorkspaces } from '#server/workspaces/create-workspaces.ts'
import { createFaultyStore } from '#server/workspaces/faults/_faulty-store.ts'
import { createStoreFaults } from '#server/workspaces/faults/_store-faults.ts'
import { writeHead } from '#server/workspaces/head.ts'
import { manifestKey, ownedKey, replPrefix } from '#server/workspaces/keys.ts'

test('D8: a deletion that the store refuses halfway says so, is no workspace any more, and can be finished', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'devex-purge-'))
  try {
    await using store = await openDiskObjectStore({ folder, signingKey: SIGNING_KEY })
    const [replId, ownerId] = [newId(), newId()]
    const manifest = 'a'.repeat(64)
    await store.put(manifestKey(replId, manifest), Buffer.from('a manifest'))
    const head = { repl: replId, owner: ownerId, manifest, generation: 1, savedAt: 1, files: 0, bytes: 0 }
    await writeHead(store, { ...head, reason: 'seed' }, null)

    let calls = 0
    const refusing = {
      ...createFaultyStore(store, createStoreFaults()),
      delete: async (keys: string[]) => {
        calls += 1
        if (calls > 1) throw new AppError('unavailable', 'The store answered 503.')
        await store.delete(keys)
      },
    }
    const purge = createWorkspaces({ objectStore: refusing }).purge({ replId, ownerId })
    await expect(purge).rejects.toMatchObject({ code: 'unavailable' })
    const whole = createWorkspaces({ objectStore: store })
    expect(await whole.head(replId)).toBeUndefined()
    // The mark by which the rest is found goes last.
    expect(await store.head(ownedKey(ownerId, replId))).toBeDefined()

    await whole.purge({ replId, ownerId })
    expect(await Array.fromAsync(store.list(replPrefix(replId)))).toEqual([])
    expect(await store.head(ownedKey(ownerId, replId))).toBeUndefined()
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
