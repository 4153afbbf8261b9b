import { MAX_AT_HAND } from '#protocol/adoption.ts'
import type { AtHand } from '#protocol/adoption.ts'
import { MAX_MANIFEST_BYTES, MAX_PACK_BYTES } from '#snapshot/limits.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { readHead } from '#server/workspaces/head.ts'
import { keyOfObject } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** What is sent along, of the manifest and small packs; a call to a sidecar may have 256 KiB, and base64 adds a third. */
const MAX_CONTENT_BYTES = 96 * 1024
/** URLs that are sent along. One takes about 700 bytes, with a session's token in it some thousands. */
const MAX_DOWNLOAD_CHARS = 64 * 1024

/**
 * What a restore of the newest snapshot will ask for first: its manifest, packs as small as entry lists are, and where the
 * others lie. Read while a sandbox comes up, it spares the restore its round trips. `undefined`: there is no snapshot.
 */
export async function readAtHand(objectStore: ObjectStore, repl: WorkspaceRef): Promise<AtHand | undefined> {
  const current = await readHead(objectStore, repl.replId)
  if (current === undefined) return undefined
  const { manifest: sha256 } = current.head
  const name = `manifests/${sha256}`
  const found = await readObject(objectStore, keyOfObject(repl, name), MAX_MANIFEST_BYTES)
  if (found === undefined) return undefined
  // As large as that, it is fetched sooner than it is sent in here.
  if (found.bytes.length > MAX_CONTENT_BYTES) return undefined
  const { packs } = await decodeManifest(sha256, found.bytes)
  let room = MAX_CONTENT_BYTES - found.bytes.length
  const sent: string[] = []
  for (const pack of packs.toSorted((a, b) => a.bytes - b.bytes)) {
    room -= pack.bytes
    // The manifest comes with them.
    if (room < 0 || sent.length + 1 >= MAX_AT_HAND) break
    sent.push(`packs/${pack.sha256}`)
  }
  const others = packs.map((pack) => `packs/${pack.sha256}`).filter((pack) => !sent.includes(pack))
  const [contents, downloads] = await Promise.all([
    Promise.all(sent.map((pack) => readContent(objectStore, repl, pack))),
    Promise.all(others.slice(0, MAX_AT_HAND).map((pack) => presign(objectStore, repl, pack))),
  ])
  const content = { name, content: found.bytes.toString('base64') }
  return { contents: [content, ...contents.filter((each) => each !== undefined)], downloads: fitting(downloads) }
}

/** The first of them, as many as there is room for. */
function fitting<T>(downloads: T[]): T[] {
  let room = MAX_DOWNLOAD_CHARS
  return downloads.filter((each) => {
    room -= JSON.stringify(each).length
    return room >= 0
  })
}

async function readContent(objectStore: ObjectStore, repl: WorkspaceRef, name: string) {
  const found = await readObject(objectStore, keyOfObject(repl, name), MAX_PACK_BYTES)
  // What is missing is told where it is needed.
  return found && { name, content: found.bytes.toString('base64') }
}

async function presign(objectStore: ObjectStore, repl: WorkspaceRef, name: string) {
  const { url, headers } = await objectStore.presignGet(keyOfObject(repl, name))
  return { name, url, headers }
}
