import type { ObjectStore } from '#server/object-store/object-store.ts'
import { readAtHand } from '#server/workspaces/at-hand.ts'
import { encodeTemplate } from '#server/workspaces/encode-template.ts'
import type { EncodedTemplate } from '#server/workspaces/encode-template.ts'
import { collect } from '#server/workspaces/collect.ts'
import { rescue } from '#server/workspaces/collection.ts'
import { claimHead } from '#server/workspaces/commit.ts'
import { readHead } from '#server/workspaces/head.ts'
import { writeFirstHead } from '#server/workspaces/history/copy-snapshot.ts'
import { headKey, manifestKey, ownedKey, packKey, replPrefix } from '#server/workspaces/keys.ts'
import { putIfMissing, putOnce } from '#server/workspaces/put-object.ts'
import type { Template } from '#server/workspaces/template.ts'
import type { Workspaces } from '#server/workspaces/workspaces.ts'

/** Objects deleted in one call. */
const DELETE_BATCH = 500

/** Workspaces in the object store. */
export function createWorkspaces({ objectStore }: { objectStore: ObjectStore }): Workspaces {
  const encoded = new Map<string, Promise<EncodedTemplate>>()
  /** What they consist of, by its name in the store: the first start of a repl is mostly with nothing else. */
  const ofTemplates = new Map<string, Buffer>()

  /** Once per template: templates do not change while the program runs. A failure is not kept. */
  const encode = (template: Template) => {
    const known = encoded.get(template.key)
    if (known !== undefined) return known
    const made = encodeTemplate(template).then((done) => {
      ofTemplates.set(`manifests/${done.manifest.sha256}`, done.manifest.bytes)
      for (const { sha256, bytes } of done.packs) ofTemplates.set(`packs/${sha256}`, bytes)
      return done
    })
    encoded.set(template.key, made)
    made.catch(() => encoded.delete(template.key))
    return made
  }

  return {
    seed: async (repl, template) => {
      const { packs, manifest, files, bytes } = await encode(template)
      const entries = packs.map((pack) => ({ key: packKey(repl.ownerId, pack.sha256), bytes: pack.bytes }))
      const putPacks = async () => {
        // Every repl of an owner from one template has the same packs: all but the first need not even send them.
        await rescue(
          objectStore,
          repl.ownerId,
          entries.map(({ key }) => key),
        )
        await Promise.all(entries.map((entry) => putIfMissing(objectStore, entry.key, entry.bytes)))
      }
      // Content and manifest lie there before the head names them, as in any save.
      const store = async () => {
        await Promise.all([putPacks(), putOnce(objectStore, manifestKey(repl.replId, manifest.sha256), manifest.bytes)])
        return { manifest: manifest.sha256, files, bytes }
      }
      await writeFirstHead(objectStore, repl, { reason: 'seed', stored: store() })
    },
    head: async (replId) => {
      const current = await readHead(objectStore, replId)
      if (current === undefined) return undefined
      const { manifest, generation, savedAt, files, bytes } = current.head
      return { manifest, generation, savedAt, files, bytes }
    },
    claim: (replId, generation) => claimHead({ objectStore, replId, generation }),
    atHand: (repl) => readAtHand(objectStore, repl, ofTemplates),
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
