import { describe, expect, test } from 'vitest'
import { zstdCompressSync } from 'node:zlib'
import { byteStringOf, bytesOf, fromWireName, toWireName } from './byte-string.ts'
import { isInCache } from './caches.ts'
import type { ChunkRef, FileEntry, SnapshotEntry } from './entry.ts'
import { sha256 } from './hash.ts'
import { MAX_FRAME_BYTES } from './limits.ts'
import { decodeManifest, encodeManifest } from './manifest.ts'
import { PackBuilder, checkPack, chunkIn, openFrame, readPackIndex } from './pack.ts'
import { sealSnapshot } from './seal-snapshot.ts'
import { decodeSegment, encodeSegment, splitIntoSegments } from './segment.ts'
import { SnapshotError } from './snapshot-error.ts'
import { checkTree, compareEntries } from './tree-order.ts'

const HASH = 'ab'.repeat(32)
const PACK = 'cd'.repeat(32)

function file(path: string, chunks: ChunkRef[] = []): FileEntry {
  const size = chunks.reduce((sum, chunk) => sum + chunk.bytes, 0)
  return { type: 'file', root: 'workspace', path, mode: 0o644, mtime: 1, size, chunks }
}
const folder = (path: string, root: 'workspace' | 'home' = 'workspace'): SnapshotEntry => ({
  type: 'directory',
  root,
  path,
  mode: 0o755,
  mtime: 1,
})
const chunk = (name: string): ChunkRef => ({
  sha256: sha256(Buffer.from(name)),
  pack: PACK,
  frameStart: 8,
  frameBytes: 9,
  offset: 0,
  bytes: 10,
})

describe('packs', () => {
  test('give back every chunk, whatever frames they fell into', async () => {
    const chunks = [Buffer.from('a'), Buffer.alloc(700_000, 1), Buffer.alloc(900_000, 2), Buffer.from('')]
    const builder = new PackBuilder()
    for (const bytes of [...chunks, Buffer.from('a')]) builder.add(sha256(bytes), bytes)
    const pack = await builder.seal()
    if (pack === undefined) throw new Error('no pack')
    checkPack(pack.sha256, pack.bytes)
    expect(pack.refs.size).toBe(4)
    for (const bytes of chunks) {
      const ref = pack.refs.get(sha256(bytes))
      if (ref === undefined) throw new Error('no ref')
      const frame = await openFrame(pack.sha256, pack.bytes.subarray(ref.frameStart, ref.frameStart + ref.frameBytes))
      expect(chunkIn(frame, ref).equals(bytes)).toBe(true)
    }
    expect(await readPackIndex(pack.sha256, pack.bytes)).toEqual(pack.refs)
  })

  test('nothing added: no pack', async () => {
    expect(await new PackBuilder().seal()).toBeUndefined()
  })

  test('a flipped bit, a foreign file and a newer version are refused', async () => {
    const builder = new PackBuilder()
    builder.add(sha256(Buffer.from('x')), Buffer.from('x'))
    const pack = await builder.seal()
    if (pack === undefined) throw new Error('no pack')
    const flipped = Buffer.from(pack.bytes)
    flipped[12] = (flipped[12] ?? 0) ^ 1
    expect(() => checkPack(pack.sha256, flipped)).toThrow('does not hold what its name says')
    const foreign = Buffer.from('#!/bin/sh\n')
    expect(() => checkPack(sha256(foreign), foreign)).toThrow('is not a pack')
    const newer = Buffer.concat([Buffer.from('DEVXPAK\u0002', 'latin1'), pack.bytes.subarray(8)])
    expect(() => checkPack(sha256(newer), newer)).toThrow('format version 2')
    const short = pack.bytes.subarray(0, 20)
    await expect(readPackIndex(sha256(short), short)).rejects.toThrow(SnapshotError)
  })

  test('a frame that would fill the memory is refused', async () => {
    const bomb = zstdCompressSync(Buffer.alloc(MAX_FRAME_BYTES + 1))
    expect(bomb.length).toBeLessThan(10_000)
    await expect(openFrame(PACK, bomb)).rejects.toThrow('cannot be decompressed within')
  })

  test('a chunk of another content than its name is refused', () => {
    const ref = { ...chunk('x'), offset: 0, bytes: 5 }
    expect(() => chunkIn(Buffer.from('wrong'), ref)).toThrow('does not hold what its name says')
    expect(() => chunkIn(Buffer.from('shor'), ref)).toThrow('does not hold what its name says')
  })
})

describe('manifests', () => {
  const manifest = { files: 1, bytes: 2, packs: [{ sha256: PACK, bytes: 3 }], segments: [chunk('s')] }

  test('come back as they were, and the same content has the same name', async () => {
    const encoded = await encodeManifest(manifest)
    expect(await decodeManifest(encoded.sha256, encoded.bytes)).toMatchObject(manifest)
    expect((await encodeManifest(structuredClone(manifest))).sha256).toBe(encoded.sha256)
  })

  test('a newer version is refused by its number', async () => {
    const bytes = zstdCompressSync(JSON.stringify({ format: 'devex-manifest', version: 2, future: true }))
    await expect(decodeManifest(sha256(bytes), bytes)).rejects.toThrow('format version 2; this program reads up to 1')
  })

  test.each([
    ['another content than the name', HASH, zstdCompressSync('{}'), 'does not hold what its name says'],
    ['no zstd', undefined, Buffer.from('plain'), 'cannot be decompressed'],
    ['no JSON', undefined, zstdCompressSync('{'), 'is not JSON'],
    ['another format', undefined, zstdCompressSync('{"format":"x","version":1}'), 'is not a manifest'],
    ['missing fields', undefined, zstdCompressSync('{"format":"devex-manifest","version":1}'), 'is malformed'],
  ])('%s is refused', async (_what, name, bytes, message) => {
    await expect(decodeManifest(name ?? sha256(bytes), bytes)).rejects.toThrow(message)
  })
})

describe('segments', () => {
  const entries: SnapshotEntry[] = [
    folder(''),
    file(byteStringOf('café'), [chunk('1'), chunk('2')]),
    file('bad-\u00ff'),
    { type: 'symlink', root: 'workspace', path: 'z', mode: 0o777, mtime: -5, target: '\u00fe' },
  ]

  test('come back as they were: names in bytes, times before 1970, chunks in order', () => {
    expect(decodeSegment(encodeSegment(entries))).toEqual(entries)
  })

  test('names are text where they are UTF-8 and base64 where they are not', () => {
    expect(toWireName(byteStringOf('naïve\n'))).toBe('naïve\n')
    expect(toWireName('\u00ff')).toEqual({ base64: '/w==' })
    for (const name of ['\u00ff', byteStringOf('e\u0301'), byteStringOf('\u00e9'), '\u00ed\u00a0\u0080'])
      expect(bytesOf(fromWireName(toWireName(name)))).toEqual(bytesOf(name))
  })

  test('a size that is not the sum of the chunks, and a pack that is not listed, are refused', () => {
    const text = encodeSegment([file('a', [chunk('1')])]).toString()
    expect(() => decodeSegment(Buffer.from(text.replace('"size":10', '"size":11')))).toThrow('add up')
    expect(() => decodeSegment(Buffer.from(text.replace(`"packs":["${PACK}"]`, '"packs":[]')))).toThrow('not list')
    expect(() => decodeSegment(Buffer.from('[]'))).toThrow('malformed')
    expect(() => decodeSegment(Buffer.from('['))).toThrow('not JSON')
  })

  test('one file more among thousands changes few segments', () => {
    const many = Array.from({ length: 20_000 }, (_, at) => file(`f${String(at).padStart(6, '0')}`))
    const namesOf = (list: SnapshotEntry[]) => [...splitIntoSegments(list)].map((run) => sha256(encodeSegment(run)))
    const before = namesOf(many)
    const after = namesOf([...many.slice(0, 9000), file('f008999x'), ...many.slice(9000)])
    expect(before.length).toBeGreaterThan(5)
    expect(after.filter((name) => !before.includes(name)).length).toBeLessThanOrEqual(2)
    expect([...splitIntoSegments(many)].flat()).toEqual(many)
  })
})

describe('a snapshot', () => {
  test('unchanged entries give the same manifest, and nothing is stored again', async () => {
    const entries = [folder(''), file('a', [chunk('1')]), folder('', 'home')]
    const stored: string[] = []
    const options = {
      packBytes: new Map([[PACK, 5]]),
      store: async (pack: { sha256: string }) => void stored.push(pack.sha256),
    }
    const first = await sealSnapshot(entries, { ...options, known: new Map() })
    expect(stored).toHaveLength(1)
    const packBytes = new Map([...options.packBytes, ...stored.map((name) => [name, 100] as const)])
    const manifest = await decodeManifest(first.manifest.sha256, first.manifest.bytes)
    expect(manifest.packs.map((pack) => pack.sha256).sort()).toEqual([PACK, ...stored].sort())
    const again = await sealSnapshot(entries, {
      ...options,
      known: first.segments,
      packBytes: new Map([...packBytes, ...manifest.packs.map((pack) => [pack.sha256, pack.bytes] as const)]),
    })
    expect(again.manifest.sha256).toBe(first.manifest.sha256)
    expect(stored).toHaveLength(1)
  })
})

describe('the tree', () => {
  test('is in the order of a walk: a folder, what is in it, then its longer-named neighbours', () => {
    const paths = ['a', 'a/b', 'a/b/c', 'a-b', 'a.txt', 'b']
    const shuffled = ['b', 'a.txt', 'a/b/c', 'a-b', 'a', 'a/b'].map((path) => file(path))
    expect(shuffled.sort(compareEntries).map((entry) => entry.path)).toEqual(paths)
    expect(compareEntries(folder('z'), folder('a', 'home'))).toBeLessThan(0)
  })

  test('that a walk yields is accepted', () => {
    const entries = [folder(''), folder('a'), folder('a/b'), file('a/b/c'), folder('a-b'), file('a-b/c'), file('b')]
    expect(() =>
      checkTree(
        [...entries, folder('', 'home'), file('b')].map((entry, at) =>
          at > 6 ? { ...entry, root: 'home' as const } : entry,
        ),
      ),
    ).not.toThrow()
  })

  test.each([
    ['..', [folder(''), file('..')]],
    ['a/../../b', [folder(''), folder('a'), file('a/../../b')]],
    ['an empty name', [folder(''), folder('a'), file('a//b')]],
    ['a name of 256 bytes', [folder(''), file('x'.repeat(256))]],
    ['a root that is a file', [file('')]],
    ['no root', [file('a')]],
    ['wrong order', [folder(''), file('b'), file('a')]],
    ['a folder of the other root', [folder(''), folder('a'), { ...file('a/b'), root: 'home' as const }]],
    ['a folder that was left', [folder(''), folder('a'), file('b'), file('a/c')]],
  ])('S8: with %s is refused', (_what, entries) => {
    expect(() => checkTree(entries)).toThrow(SnapshotError)
  })
})

test('caches are known by their whole path, in their root only', () => {
  expect(isInCache('home/.cache/pip/x')).toBe(true)
  expect(isInCache('home/.npm/_cacache')).toBe(true)
  expect(isInCache('home/.cached')).toBe(false)
  expect(isInCache('workspace/.cache/x')).toBe(false)
  expect(isInCache('elsewhere/.cache')).toBe(false)
})
