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
 * others lie. Read while a sandbox comes up, it spares the restore its round trips. `ofTemplates`: what a repl from a template
 * begins with, by its name, which is that of its content. `undefined`: there is no snapshot.
 */
export async function readAtHand(
  objectStore: ObjectStore,
  repl: WorkspaceRef,
  ofTemplates: ReadonlyMap<string, Buffer>,
): Promise<AtHand | undefined> {
  const current = await readHead(objectStore, repl.replId)
  if (current === undefined) return undefined
  const { manifest: sha256, reason } = current.head
  // Of later snapshots all is read: that the store has lost something must show at once.
  const known = reason === 'seed' ? ofTemplates : undefined
  const read = async (name: string, maxBytes: number) =>
    known?.get(name) ?? (await readObject(objectStore, keyOfObject(repl, name), maxBytes))?.bytes
  const name = `manifests/${sha256}`
  const bytes = await read(name, MAX_MANIFEST_BYTES)
  // As large as that, it is fetched sooner than it is sent in here.
  if (bytes === undefined || bytes.length > MAX_CONTENT_BYTES) return undefined
  const { packs } = await decodeManifest(sha256, bytes)
  let room = MAX_CONTENT_BYTES - bytes.length
  const sent: string[] = []
  for (const pack of packs.toSorted((a, b) => a.bytes - b.bytes)) {
    room -= pack.bytes
    // The manifest comes with them.
    if (room < 0 || sent.length + 1 >= MAX_AT_HAND) break
    sent.push(`packs/${pack.sha256}`)
  }
  const others = packs.map((pack) => `packs/${pack.sha256}`).filter((pack) => !sent.includes(pack))
  const [contents, downloads] = await Promise.all([
    Promise.all(sent.map(async (pack) => contentOf(pack, await read(pack, MAX_PACK_BYTES)))),
    Promise.all(others.slice(0, MAX_AT_HAND).map((pack) => presign(objectStore, repl, pack))),
  ])
  // What is missing is told where it is needed.
  const there = [contentOf(name, bytes), ...contents].filter((each) => each !== undefined)
  return { contents: there, downloads: fitting(downloads) }
}

/** The first of them, as many as there is room for. */
function fitting<T>(downloads: T[]): T[] {
  let room = MAX_DOWNLOAD_CHARS
  return downloads.filter((each) => {
    room -= JSON.stringify(each).length
    return room >= 0
  })
}

function contentOf(name: string, bytes: Buffer | undefined) {
  return bytes && { name, content: bytes.toString('base64') }
}

async function presign(objectStore: ObjectStore, repl: WorkspaceRef, name: string) {
  const { url, headers } = await objectStore.presignGet(keyOfObject(repl, name))
  return { name, url, headers }
}
