import type { ObjectStore } from '#server/object-store/object-store.ts'
import { readAtHand } from '#server/workspaces/at-hand.ts'
import { encodeTemplate } from '#server/workspaces/encode-template.ts'
import type { EncodedTemplate } from '#server/workspaces/encode-template.ts'
import { collect } from '#server/workspaces/collect.ts'
import { rescue } from '#server/workspaces/collection.ts'
import { claimHead } from '#server/workspaces/commit.ts'
import { markOwned, putHead, readHead } from '#server/workspaces/head.ts'
import { headKey, manifestKey, ownedKey, packKey, replPrefix } from '#server/workspaces/keys.ts'
import { putIfMissing, putOnce } from '#server/workspaces/put-object.ts'
import type { Template } from '#server/workspaces/template.ts'
import type { Workspaces } from '#server/workspaces/workspaces.ts'

/** Objects deleted in one call. */
const DELETE_BATCH = 500

/** Workspaces in the object store. */
export function createWorkspaces({ objectStore }: { objectStore: ObjectStore }): Workspaces {
  const encoded = new Map<string, Promise<EncodedTemplate>>()

  /** Once per template: templates do not change while the program runs. A failure is not kept. */
  const encode = (template: Template) => {
    const known = encoded.get(template.key)
    if (known !== undefined) return known
    const made = encodeTemplate(template)
    encoded.set(template.key, made)
    made.catch(() => encoded.delete(template.key))
    return made
  }

  return {
    seed: async ({ replId, ownerId, name }, template) => {
      const { packs, manifest, files, bytes } = await encode(template)
      const putPacks = async () => {
        // Every repl of an owner from one template has the same packs: all but the first need not even send them.
        await rescue(
          objectStore,
          ownerId,
          packs.map((pack) => packKey(ownerId, pack.sha256)),
        )
        await Promise.all(packs.map((pack) => putIfMissing(objectStore, packKey(ownerId, pack.sha256), pack.bytes)))
      }
      // The first start is always generation 1: it need not take the head over before it restores.
      const head = { repl: replId, owner: ownerId, manifest: manifest.sha256, generation: 1, savedAt: Date.now() }
      // Mark, content and manifest lie there before the head names them, as in any save.
      await Promise.all([
        markOwned(objectStore, head),
        putPacks(),
        putOnce(objectStore, manifestKey(replId, manifest.sha256), manifest.bytes),
      ])
      const seeded = { ...head, ...(name !== undefined && { name }), files, bytes, reason: 'seed' as const }
      await putHead(objectStore, seeded, { ifAbsent: true })
    },
    head: async (replId) => {
      const current = await readHead(objectStore, replId)
      if (current === undefined) return undefined
      const { manifest, generation, savedAt, files, bytes } = current.head
      return { manifest, generation, savedAt, files, bytes }
    },
    claim: (replId, generation) => claimHead({ objectStore, replId, generation }),
    atHand: (repl) => readAtHand(objectStore, repl),
    collect: ({ ownerId, replIds }) => collect({ objectStore, ownerId, replIds, now: Date.now }),
    purge: async ({ replId, ownerId }) => {
      // The head goes first: without it nothing below is a workspace any more, whatever happens next.
      await objectStore.delete([headKey(replId)])
      let batch: string[] = []
      for await (const { key } of objectStore.list(replPrefix(replId))) {
        batch.push(key)
        if (batch.length < DELETE_BATCH) continue
        await objectStore.delete(batch)
        batch = []
      }
      // The mark goes last: whatever is left until then, somebody can still find. Packs are left to the collector.
      await objectStore.delete([...batch, ownedKey(ownerId, replId)])
    },
  }
}
