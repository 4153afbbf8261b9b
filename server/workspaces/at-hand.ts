import type { AtHand } from '#protocol/adoption.ts'
import { MAX_MANIFEST_BYTES, MAX_PACK_BYTES } from '#snapshot/limits.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { readHead } from '#server/workspaces/head.ts'
import { keyOfObject } from '#server/workspaces/keys.ts'
import { readObject } from '#server/workspaces/read-object.ts'
import type { WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** What is sent along, of small packs; a call to a sidecar may have 256 KiB. */
const MAX_CONTENT_BYTES = 128 * 1024
/** Packs whose URL is sent along. One takes about 700 bytes. */
const MAX_DOWNLOADS = 64

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
  const { packs } = await decodeManifest(sha256, found.bytes)
  let room = MAX_CONTENT_BYTES - found.bytes.length
  const sent: string[] = []
  for (const pack of packs.toSorted((a, b) => a.bytes - b.bytes)) {
    room -= pack.bytes
    if (room < 0) break
    sent.push(`packs/${pack.sha256}`)
  }
  const others = packs.map((pack) => `packs/${pack.sha256}`).filter((pack) => !sent.includes(pack))
  const [contents, downloads] = await Promise.all([
    Promise.all(sent.map((pack) => readContent(objectStore, repl, pack))),
    Promise.all(others.slice(0, MAX_DOWNLOADS).map((pack) => presign(objectStore, repl, pack))),
  ])
  const content = { name, content: found.bytes.toString('base64') }
  return { contents: [content, ...contents.filter((each) => each !== undefined)], downloads }
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
