import { request } from 'node:http'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { INTERNAL_ROUTES } from '#protocol/adoption.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { sha256 } from '#snapshot/hash.ts'
import { sealSnapshot } from '#snapshot/seal-snapshot.ts'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY } from '#server/workspaces/_constellation.ts'
import { readHead, writeHead } from '#server/workspaces/head.ts'
import { headKey, manifestKey, ownedKey, packKey } from '#server/workspaces/keys.ts'

const openDisk = (folder: string) => openDiskObjectStore({ folder, signingKey: SIGNING_KEY })

interface Answer {
  status: number | undefined
  json: unknown
}

async function ask(controlPlane: ControlPlane, path: string, body?: unknown, generation = 1): Promise<Answer> {
  const { repl, tokens, socket } = controlPlane
  const token = await tokens.generation({ sandbox: newSandboxId(), repl: repl.replId, generation })
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` }
    const method = text === undefined ? 'GET' : 'POST'
    const sent = request({ socketPath: socket, path, method, headers }, (answer) => {
      let received = ''
      answer.on('data', (part: Buffer) => {
        received += part.toString('utf8')
      })
      answer.on('end', () =>
        resolve({ status: answer.statusCode, json: received === '' ? null : JSON.parse(received) }),
      )
    })
    sent.on('error', reject)
    sent.end(text)
  })
}

/** A snapshot of an empty workspace, its pack and manifest in the store, no head. */
async function store(controlPlane: ControlPlane, mtime: number) {
  const { objectStore, repl } = controlPlane
  const root = { type: 'directory', path: '', mode: 0o755, mtime } as const
  const packs: string[] = []
  const sealed = await sealSnapshot(
    [
      { ...root, root: 'workspace' },
      { ...root, root: 'home' },
    ],
    {
      known: new Map(),
      packBytes: new Map(),
      store: async (pack) => {
        packs.push(pack.sha256)
        await objectStore.put(packKey(repl.ownerId, pack.sha256), pack.bytes)
      },
    },
  )
  await objectStore.put(manifestKey(repl.replId, sealed.manifest.sha256), sealed.manifest.bytes)
  return { manifest: `manifests/${sealed.manifest.sha256}`, packs }
}

const commitOf = (manifest: string, ifMatch: string | null) => ({
  manifest,
  ifMatch,
  files: 0,
  bytes: 0,
  reason: 'save',
})
const etagSchema = z.object({ etag: z.string() })

describe('the internal API', () => {
  test('gives out URLs below the asker’s own prefixes only, whatever is named', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { replId, ownerId } = controlPlane.repl
    const hash = sha256(Buffer.from('x'))
    const both = { objects: [`packs/${hash}`, `manifests/${hash}`] }
    const { json } = await ask(controlPlane, INTERNAL_ROUTES.downloads, both)
    const { downloads } = z.object({ downloads: z.array(z.object({ url: z.string() })) }).parse(json)
    expect(downloads[0]?.url).toContain(`/owners/${ownerId}/packs/${hash}?`)
    expect(downloads[1]?.url).toContain(`/repls/${replId}/manifests/${hash}?`)
    for (const name of [
      `../../other/packs/${hash}`,
      `packs/../${hash}`,
      `/packs/${hash}`,
      'head.json',
      `packs/${hash}/x`,
    ])
      expect(await ask(controlPlane, INTERNAL_ROUTES.downloads, { objects: [name] })).toMatchObject({ status: 400 })
  })

  test('an object can be uploaded under its own hash only, and not beyond the size of a pack', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const upload = (name: string, bytes: number, hash: string) =>
      ask(controlPlane, INTERNAL_ROUTES.uploads, { objects: [{ name, bytes, sha256: hash }] })
    const [a, b] = [sha256(Buffer.from('a')), sha256(Buffer.from('b'))]
    expect(await upload(`packs/${a}`, 1, b)).toMatchObject({ status: 400 })
    expect(await upload(`packs/${a}`, 2 ** 31, a)).toMatchObject({ status: 413 })
    expect(await upload(`packs/${a}`, 1, a)).toMatchObject({
      status: 200,
      json: { uploads: [{ url: expect.any(String) }] },
    })
    await controlPlane.objectStore.put(packKey(controlPlane.repl.ownerId, a), Buffer.from('a'))
    expect(await upload(`packs/${a}`, 1, a)).toMatchObject({ status: 200, json: { uploads: [null] } })
  })

  test('bodies are bounded and must be what they should be', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    expect(await ask(controlPlane, INTERNAL_ROUTES.uploads, 'x'.repeat(300_000))).toMatchObject({ status: 413 })
    expect(await ask(controlPlane, INTERNAL_ROUTES.uploads, '{')).toMatchObject({ status: 400 })
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, {})).toMatchObject({ status: 400 })
    expect(await ask(controlPlane, '/internal/nothing')).toMatchObject({ status: 404 })
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit)).toMatchObject({ status: 404 })
  })

  test('the head moves by compare-and-set, and one answer may be asked for twice', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const [first, second] = [await store(controlPlane, 1), await store(controlPlane, 2)]
    expect((await ask(controlPlane, INTERNAL_ROUTES.head)).json).toEqual({ manifest: null, etag: null })
    const made = await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(first.manifest, null))
    const { etag } = etagSchema.parse(made.json)
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(first.manifest, null))).toEqual(made)
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(second.manifest, null))).toMatchObject({
      status: 409,
    })
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(second.manifest, 'x'))).toMatchObject({
      status: 409,
    })
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(second.manifest, etag))).toMatchObject({
      status: 200,
    })
    expect(await controlPlane.workspaces.head(controlPlane.repl.replId)).toMatchObject({
      manifest: second.manifest.slice('manifests/'.length),
      generation: 1,
    })
  })

  test('the head carries the owner and the name, and follows a new name at the next commit', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore, repl } = controlPlane
    const [first, second] = [await store(controlPlane, 1), await store(controlPlane, 2)]
    const commit = async (manifest: string, ifMatch: string | null) => {
      const answer = await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(manifest, ifMatch))
      return etagSchema.parse(answer.json).etag
    }
    repl.name = 'Node.js'
    const etag = await commit(first.manifest, null)
    expect((await readHead(objectStore, repl.replId))?.head).toMatchObject({ owner: repl.ownerId, name: 'Node.js' })
    repl.name = 'Garden'
    await commit(second.manifest, etag)
    expect((await readHead(objectStore, repl.replId))?.head).toMatchObject({ owner: repl.ownerId, name: 'Garden' })
  })

  test('an older generation is refused even with the right etag, and one that reads the head takes it over', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const [first, second] = [await store(controlPlane, 1), await store(controlPlane, 2)]
    const { etag: old } = etagSchema.parse(
      (await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(first.manifest, null))).json,
    )
    const taken = await ask(controlPlane, INTERNAL_ROUTES.head, undefined, 2)
    expect(taken).toMatchObject({ status: 200, json: { manifest: first.manifest } })
    const { etag } = etagSchema.parse(taken.json)
    expect(etag).not.toBe(old)
    // Generation 1 is what the state store of this test still names: only the head knows better.
    for (const ifMatch of [old, etag])
      expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(second.manifest, ifMatch))).toMatchObject({
        status: 409,
      })
    expect(await ask(controlPlane, INTERNAL_ROUTES.head)).toMatchObject({ status: 409 })
    expect((await controlPlane.workspaces.head(controlPlane.repl.replId))?.generation).toBe(2)
  })

  test('a manifest that is missing, damaged or names a missing pack does not become the head', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore, repl } = controlPlane
    const missing = `manifests/${'0'.repeat(64)}`
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(missing, null))).toMatchObject({ status: 410 })
    const junk = sha256(Buffer.from('junk'))
    await objectStore.put(manifestKey(repl.replId, junk), Buffer.from('junk'))
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(`manifests/${junk}`, null))).toMatchObject({
      status: 400,
    })
    const { manifest, packs } = await store(controlPlane, 1)
    await objectStore.delete(packs.map((pack) => packKey(repl.ownerId, pack)))
    expect(await ask(controlPlane, INTERNAL_ROUTES.commit, commitOf(manifest, null))).toMatchObject({ status: 410 })
    expect(await objectStore.head(headKey(repl.replId))).toBeUndefined()
  })

  test('a head of a newer version is refused by its number', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore, repl, workspaces } = controlPlane
    await objectStore.put(headKey(repl.replId), Buffer.from('{"format":"devex-head","version":3}'))
    await expect(workspaces.head(repl.replId)).rejects.toMatchObject({
      code: 'not_supported',
      message: expect.stringContaining('format version 3'),
    })
  })

  test('purging takes the head and history of one repl, and leaves its neighbour and the packs', async () => {
    await using controlPlane = await ControlPlane.start(openDisk)
    const { objectStore, repl, workspaces } = controlPlane
    const { manifest, packs } = await store(controlPlane, 1)
    const neighbour = newId()
    const head = { owner: repl.ownerId, manifest: manifest.slice(10), generation: 1, savedAt: 1, files: 0, bytes: 0 }
    for (const replId of [repl.replId, neighbour])
      await writeHead(objectStore, { ...head, repl: replId, reason: 'save' }, null)
    await workspaces.purge(repl)
    await workspaces.purge(repl)
    expect(await workspaces.head(repl.replId)).toBeUndefined()
    const keys = (await Array.fromAsync(objectStore.list(''))).map(({ key }) => key)
    expect(keys).toEqual([packKey(repl.ownerId, packs[0] ?? ''), ownedKey(repl.ownerId, neighbour), headKey(neighbour)])
  })
})
