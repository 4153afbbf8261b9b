import { existsSync } from 'node:fs'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { PROGRAM, onDisk, sufferInLanes } from '#server/workspaces/faults/_lanes.ts'
import { createRandom } from '#server/workspaces/faults/_random.ts'
import { isHead } from '#server/workspaces/faults/_store-faults.ts'
import type { SidecarClient } from '#server/workspaces/workspaces.ts'

const why = existsSync(PROGRAM) ? '' : ' (skipped: npm run build has not made .build/sandbox)'

/** Enough that each kind of fault comes once. */
const COUNT = 26

const suffering = (open: NonNullable<Parameters<typeof sufferInLanes>[0]['open']>) =>
  sufferInLanes({ random: createRandom(1), lanes: 1, count: COUNT, open })

describe.skipIf(why !== '')(`the fault harness sees what it is there to see${why}`, { timeout: 120_000 }, () => {
  test('a head that is written before its packs', async () => {
    const broken = suffering((part) => onDisk(part, headFirst))
    await expect(broken).rejects.toThrow(/The store lacks pack|no longer in the store/)
  })

  test('a sandbox that is removed before its last save is committed', async () => {
    const broken = suffering(async (part) => {
      const options = await onDisk(part)
      return { ...options, wrap: removedFirst }
    })
    await expect(broken).rejects.toThrow(/is lost|changed the tree/)
  })
})

/** Answers writes of packs and manifests at once and does them only after the head, come what may. */
function headFirst(store: ObjectStore): ObjectStore {
  const pending = new Map<string, Buffer>()
  const etag = '0'.repeat(32)
  const infoOf = (key: string, bytes: Buffer) => ({ key, bytes: bytes.length, etag, modifiedAt: Date.now() })
  return {
    ...store,
    put: async (key, body, condition) => {
      if (!isHead(key)) {
        pending.set(key, body instanceof Uint8Array ? Buffer.from(body) : await buffer(body.stream))
        return { etag }
      }
      const written = await store.put(key, body, condition)
      const late = [...pending]
      pending.clear()
      await Promise.allSettled(late.map(([name, bytes]) => store.put(name, bytes)))
      return written
    },
    head: async (key) => {
      const bytes = pending.get(key)
      return bytes === undefined ? store.head(key) : infoOf(key, bytes)
    },
    get: async (key, range) => {
      const bytes = pending.get(key)
      return bytes === undefined ? store.get(key, range) : { body: Readable.from([bytes]), info: infoOf(key, bytes) }
    },
  }
}

/** Says that a stop is done when it has only begun: whoever believes it removes the sandbox too early. */
function removedFirst(client: SidecarClient): SidecarClient {
  return {
    ...client,
    stop: async (sandboxId, onProgress, signal) => {
      client.stop(sandboxId, () => undefined, signal).catch(() => undefined)
      onProgress({ phase: 'done', snapshot: '', files: 0, bytes: 0, skipped: [] })
    },
  }
}
