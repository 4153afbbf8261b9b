import { randomBytes } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { sha256 } from '#snapshot/hash.ts'
import { decodeManifest } from '#snapshot/manifest.ts'
import { readPackIndex } from '#snapshot/pack.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import {
  LOOK_AGAIN_PACKS,
  MAX_SMALL_PACKS,
  MERGED_PACKS,
  MERGE_BYTES,
  MERGE_TARGET_MS,
  SMALL_PACK_BYTES,
} from '../limits.ts'
import { SidecarError } from '../sidecar-error.ts'
import { memoryStore } from './memory-store.ts'
import { mergePacks } from './merge-packs.ts'
import { PackMerger } from './pack-merger.ts'
import { restoreVolume } from './restorer.ts'
import { SavedTree, readTree, writeTree } from './saved-tree.ts'
import type { SavedEntry, SavedSegment } from './saved-tree.ts'
import { Saver } from './saver.ts'
import { firstToMerge, smallPacks } from './small-packs.ts'

const KIB = 1024
/** Enough saves of one new file each to have too many packs. */
const TOO_MANY = MAX_SMALL_PACKS + 1

type SaverOptions = Partial<ConstructorParameters<typeof Saver>[0]>

/** A volume, a store, and savers of the one in the other; as another one is, if that is given. */
async function newRepl(like?: Repl) {
  const folder = mkdtempSync('/tmp/devex-merging-')
  const volumeDir = join(folder, 'volume')
  for (const root of ['workspace', 'home']) mkdirSync(join(volumeDir, root), { recursive: true })
  if (like !== undefined) cpSync(like.folder, folder, { recursive: true, preserveTimestamps: true })
  const objects = new Map(like?.objects)
  const store = memoryStore(objects)
  const { manifest } = (await like?.store.head()) ?? { manifest: null }
  if (manifest !== null) await store.commit({ manifest, ifMatch: null, files: 0, bytes: 0, reason: 'auto' })
  const newSaver = (options: SaverOptions = {}) =>
    new Saver({ volumeDir, stateDir: join(folder, 'state'), controlPlane: store, ...options })
  const manifestOf = (name: string) => decodeManifest(name, objects.get(`manifests/${name}`) ?? Buffer.alloc(0))
  const packsOf = async (manifest: string) => (await manifestOf(manifest)).packs.map(({ sha256 }) => sha256)
  const headOf = async () => ((await store.head()).manifest ?? '').slice('manifests/'.length)
  return {
    folder,
    stateDir: join(folder, 'state'),
    workspace: join(volumeDir, 'workspace'),
    objects,
    store,
    newSaver,
    headOf,
    manifestOf,
    packsOf,
    /** Packs that the newest snapshot names. */
    packs: async () => packsOf(await headOf()),
    /** The pack in which a small file lies. */
    packWith: async (content: Buffer) => {
      for (const pack of await packsOf(await headOf())) {
        const chunks = await readPackIndex(pack, objects.get(`packs/${pack}`) ?? Buffer.alloc(0))
        if (chunks.has(sha256(content))) return pack
      }
      return ''
    },
    /** What a restore of a snapshot, or of the newest, writes to the workspace. */
    restored: async (manifest?: string) => {
      const to = mkdtempSync(join(folder, 'restored-'))
      for (const root of ['workspace', 'home']) mkdirSync(join(to, 'volume', root), { recursive: true })
      const name = `manifests/${manifest ?? (await headOf())}`
      const options = { volumeDir: join(to, 'volume'), stateDir: join(to, 'state'), controlPlane: store }
      await restoreVolume(name, { ...options, onFile: () => undefined })
      return contents(join(to, 'volume/workspace'))
    },
  }
}

interface Repl {
  folder: string
  workspace: string
  objects: Map<string, Buffer>
  store: ControlPlane
}

function contents(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort()
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]))
}

/** Saves, as the continuous save does, a new file. */
async function saveNewFile({ workspace }: Repl, saver: Saver, { name, bytes }: { name: string; bytes: Uint8Array }) {
  writeFileSync(join(workspace, name), bytes)
  return await saver.save('auto', () => undefined, new Set([`workspace/${name}`]))
}

async function saveNewFiles(repl: Repl, saver: Saver, { count, bytes = 20 }: { count: number; bytes?: number }) {
  for (let at = 0; at < count; at += 1)
    await saveNewFile(repl, saver, { name: `file-${at}`, bytes: randomBytes(bytes) })
}

/** What the last save knew, and whether anybody looked at it. */
class WatchedTree extends SavedTree {
  isRead = false

  override read(segment: SavedSegment): SavedEntry[] {
    this.isRead = true
    return super.read(segment)
  }
}

const merge = (saver: Saver) => saver.mergePacks(new AbortController().signal)

describe('merging packs', { timeout: 60_000 }, () => {
  let template: Repl
  const newEmptyRepl = async () => {
    const repl = await newRepl()
    onTestFinished(() => rmSync(repl.folder, { recursive: true }))
    return repl
  }
  /** One with `TOO_MANY` files, saved one by one. */
  const newFullRepl = async () => {
    const repl = await newRepl(template)
    onTestFinished(() => rmSync(repl.folder, { recursive: true }))
    // The files were copied: they have other inodes.
    await repl.newSaver().save('save', () => undefined)
    return repl
  }

  beforeAll(async () => {
    const repl = await newRepl()
    template = repl
    await saveNewFiles(repl, repl.newSaver(), { count: TOO_MANY })
    return () => rmSync(repl.folder, { recursive: true })
  })

  test('saves of one new file each leave few packs, and all of them can be restored', async () => {
    const repl = await newEmptyRepl()
    const saver = repl.newSaver()
    const count = TOO_MANY + MERGED_PACKS
    let [most, early] = [0, { manifest: '', files: {} }]
    for (let at = 0; at < count; at += 1) {
      await saveNewFile(repl, saver, { name: `file-${at}`, bytes: Buffer.from(`content of file ${at}`) })
      await merge(saver)
      most = Math.max(most, (await repl.packs()).length)
      if (at === 100) early = { manifest: await repl.headOf(), files: contents(repl.workspace) }
    }
    expect(most).toBeLessThanOrEqual(MAX_SMALL_PACKS + 1)
    expect(await repl.restored()).toEqual(contents(repl.workspace))
    expect(await repl.restored(early.manifest)).toEqual(early.files)
    expect(Object.keys(early.files)).toHaveLength(101)
  })

  test('what a merge changed is what a save that looks at everything finds', async () => {
    const repl = await newFullRepl()
    const saver = repl.newSaver()
    const before = (await repl.packs()).length
    await merge(saver)
    const merged = await repl.headOf()
    expect((await repl.packs()).length).toBeLessThanOrEqual(before - MERGED_PACKS + 2)
    const { snapshot } = await saver.save('save', () => undefined)
    expect(snapshot).toBe(merged)
    // Nor does one that knows only what was kept on the disk.
    expect(await repl.newSaver().save('save', () => undefined)).toMatchObject({ snapshot: merged, files: TOO_MANY })
  })

  test('what was merged away is not referred to again, and what was moved is not sent again', async () => {
    const repl = await newFullRepl()
    const saver = repl.newSaver()
    const before = await repl.packs()
    await merge(saver)
    const after = await repl.packs()
    const gone = before.filter((pack) => !after.includes(pack))
    expect(gone.length).toBeGreaterThan(0)
    // As the collector does once no snapshot of the history names them.
    for (const pack of gone) repl.objects.delete(`packs/${pack}`)
    for (const name of readdirSync(repl.workspace))
      writeFileSync(join(repl.workspace, `copy of ${name}`), readFileSync(join(repl.workspace, name)))
    await saver.save('save', () => undefined)
    expect((await repl.packs()).filter((pack) => gone.includes(pack))).toEqual([])
    expect(await repl.restored()).toEqual(contents(repl.workspace))
    const lists = new Set((await repl.manifestOf(await repl.headOf())).segments.map(({ pack }) => pack))
    expect((await repl.packs()).filter((pack) => !after.includes(pack) && !lists.has(pack))).toEqual([])
  })

  test('a merge that ends before its commit loses nothing, and another one takes its place', async () => {
    const repl = await newFullRepl()
    const before = { head: await repl.headOf(), objects: repl.objects.size }
    const commit = () => Promise.reject(new SidecarError('unavailable', 'The control plane is away.'))
    const broken = repl.newSaver({ controlPlane: { ...repl.store, commit } })
    await expect(merge(broken)).rejects.toMatchObject({ code: 'unavailable' })
    expect(repl.objects.size).toBeGreaterThan(before.objects)
    expect(await repl.headOf()).toBe(before.head)
    expect(await repl.restored()).toEqual(contents(repl.workspace))

    // The process that comes after it knows what was on the disk before.
    const next = repl.newSaver()
    await saveNewFile(repl, next, { name: 'new', bytes: Buffer.from('new') })
    await merge(next)
    expect((await repl.packs()).length).toBeLessThan(TOO_MANY)
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('a merge whose commit fails is not made again with each save', async () => {
    const repl = await newFullRepl()
    const commit: ControlPlane['commit'] = () => Promise.reject(new SidecarError('quota_exceeded', 'Too long.'))
    const saver = repl.newSaver({ controlPlane: { ...repl.store, commit } })
    await expect(merge(saver)).rejects.toMatchObject({ code: 'quota_exceeded' })
    const sent = repl.objects.size
    // As after each save that found nothing new.
    for (let minute = 1; minute <= 2; minute += 1) await merge(saver)
    expect(repl.objects.size).toBe(sent)
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('a look that found few enough small packs is not repeated with each pack that comes', async () => {
    const repl = await newFullRepl()
    const merger = new PackMerger({ stateDir: repl.stateDir, controlPlane: repl.store })
    const hasLooked = async () => {
      const { tree, chunks } = await readTree(repl.stateDir)
      const watched = new WatchedTree(repl.stateDir, tree.segments)
      const signal = new AbortController().signal
      await merger.merge({ tree: watched, chunks }, { signal, commit: async () => expect.unreachable() })
      return watched.isRead
    }
    // As many small ones as there may be, and some that are not.
    const few = TOO_MANY + 1 - MAX_SMALL_PACKS
    for (let at = 0; at < few; at += 1) rmSync(join(repl.workspace, `file-${at}`))
    const saver = repl.newSaver()
    await saver.save('save', () => undefined)
    const large = (at: number) => ({ name: `large-${at}`, bytes: randomBytes(SMALL_PACK_BYTES) })
    const looks: boolean[] = []
    for (let at = 0; at < LOOK_AGAIN_PACKS + 2; at += 1) {
      await saveNewFile(repl, saver, large(at))
      looks.push(await hasLooked())
    }
    expect(looks.filter(Boolean)).toHaveLength(2)
    expect([looks[0], looks.at(-1)]).toEqual([true, true])
  })

  test('an entry list that is only moved stays as it lies on the disk', async () => {
    const repl = await newFullRepl()
    const { stateDir, store } = repl
    const known = await readTree(stateDir)
    const files = known.tree.segments.map(({ ref }) => join(stateDir, 'segments', ref.sha256))
    for (const file of files) utimesSync(file, 1, 1)
    const from = new Set(known.tree.segments.map(({ ref }) => ref.pack))
    const onUnreadable = () => expect.unreachable()
    const { segments } = await mergePacks({ ...known, stateDir, controlPlane: store, from, onUnreadable })
    expect(segments.map(({ ref }) => ref.sha256)).toEqual(known.tree.segments.map(({ ref }) => ref.sha256))
    expect(files.map((file) => statSync(file).mtimeMs)).toEqual(files.map(() => 1000))
  })

  test('a process that ends right after the commit of a merge has only to look at its files again', async () => {
    const repl = await newFullRepl()
    const commit: ControlPlane['commit'] = async (request) => {
      await repl.store.commit(request)
      throw new Error('killed')
    }
    await expect(merge(repl.newSaver({ controlPlane: { ...repl.store, commit } }))).rejects.toThrow('killed')
    const next = repl.newSaver()
    await saveNewFile(repl, next, { name: 'new', bytes: Buffer.from('new') })
    expect(await repl.restored()).toEqual(contents(repl.workspace))
    await merge(next)
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('a merge gives way to a save, which merges nothing', async () => {
    const repl = await newFullRepl()
    const [reached, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const download: ControlPlane['download'] = async (name, part) => {
      reached.resolve()
      await held.promise
      return repl.store.download(name, part)
    }
    const saver = repl.newSaver({ controlPlane: { ...repl.store, download } })
    const before = { head: await repl.headOf(), objects: repl.objects.size }
    const merging = merge(saver)
    await reached.promise
    const stopping = saver.save('stop', () => undefined)
    held.resolve()
    await merging
    expect(await stopping).toMatchObject({ snapshot: before.head, files: TOO_MANY })
    expect({ head: await repl.headOf(), objects: repl.objects.size }).toEqual(before)
    // And it is begun anew after the next one.
    await merge(saver)
    expect(await repl.headOf()).not.toBe(before.head)
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('a merge sends no more than it may, and leaves the rest to the next ones', async () => {
    const repl = await newEmptyRepl()
    const saver = repl.newSaver()
    // Too large for a merge of `MERGED_PACKS`.
    await saveNewFiles(repl, saver, { count: TOO_MANY, bytes: Math.ceil((1.2 * MERGE_BYTES) / MERGED_PACKS) })
    const count = (await repl.packs()).length
    const before = new Set(repl.objects.keys())
    await merge(saver)
    const sent = [...repl.objects].filter(([name]) => !before.has(name))
    const bytes = sent.reduce((sum, [, { length }]) => sum + length, 0)
    expect(bytes).toBeGreaterThan(0.9 * MERGE_BYTES)
    expect(bytes).toBeLessThan(1.05 * MERGE_BYTES)
    expect((await repl.packs()).length).toBeLessThan(count - 0.6 * MERGED_PACKS)
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('a damaged pack is told once, keeps nothing else from being merged, and what lay in it is sent anew', async () => {
    const repl = await newFullRepl()
    const unreadable: string[] = []
    const saver = repl.newSaver({ onUnreadable: (pack) => unreadable.push(pack) })
    const pack = await repl.packWith(readFileSync(join(repl.workspace, 'file-0')))
    const intact = repl.objects.get(`packs/${pack}`) ?? Buffer.alloc(0)
    repl.objects.set(`packs/${pack}`, Buffer.from(intact).fill(7, 8, 40))
    await merge(saver)
    expect((await repl.packs()).length).toBeLessThan(TOO_MANY - MERGED_PACKS + 10)
    await expect(repl.restored()).rejects.toThrow(pack)
    for (let round = 0; round < 2; round += 1) {
      await saveNewFile(repl, saver, { name: `new-${round}`, bytes: Buffer.from(`new ${round}`) })
      await merge(saver)
    }
    expect(unreadable).toEqual([pack])
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('where a merge took long, the next ones take fewer packs, and more again once they are quick', async () => {
    const repl = await newFullRepl()
    let now = 0
    let merged = new Set<string>()
    const download: ControlPlane['download'] = async (name, part) => {
      merged.add(name)
      return repl.store.download(name, part)
    }
    const upload: ControlPlane['upload'] = async (name, bytes) => {
      if (merged.size > 0) now += tookMs
      await repl.store.upload(name, bytes)
    }
    let tookMs = MERGE_TARGET_MS + 1
    const saver = repl.newSaver({ controlPlane: { ...repl.store, download, upload }, now: () => now })
    const counts: number[] = []
    for (let round = 0; round < 3; round += 1) {
      await merge(saver)
      counts.push(merged.size)
      merged = new Set()
      tookMs = 0
      for (let at = 0; at < MERGED_PACKS; at += 1)
        await saveNewFile(repl, saver, { name: `${round}-${at}`, bytes: randomBytes(20) })
    }
    expect(counts).toEqual([MERGED_PACKS, MERGED_PACKS / 2, MERGED_PACKS])
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('a manifest that nobody would take is made smaller before it is committed', async () => {
    const repl = await newEmptyRepl()
    const maxManifestBytes = 3 * KIB
    const commit: ControlPlane['commit'] = (request) => {
      if ((repl.objects.get(request.manifest)?.length ?? 0) > maxManifestBytes)
        return Promise.reject(new SidecarError('too_large', 'This manifest is too large.'))
      return repl.store.commit(request)
    }
    const saver = repl.newSaver({ controlPlane: { ...repl.store, commit }, maxManifestBytes })
    await saveNewFiles(repl, saver, { count: 100 })
    expect(await repl.restored()).toEqual(contents(repl.workspace))
  })

  test('entry lists that are too many for one merge name the old packs until their turn comes', async () => {
    const repl = await newFullRepl()
    for (let at = 0; at < 2000; at += 1) writeFileSync(join(repl.workspace, `file-${at}-more`), 'the same in all')
    await repl.newSaver().save('save', () => undefined)
    const { stateDir, store } = repl
    const from = new Set(await repl.packs())
    const left: number[] = []
    for (let round = 1; left.at(-1) !== 0; round += 1) {
      const known = await readTree(stateDir)
      const { segments, manifest } = await mergePacks({
        ...known,
        stateDir,
        controlPlane: store,
        from,
        onUnreadable: () => expect.unreachable(),
        maxListBytes: 1,
      })
      await store.upload(`manifests/${manifest.sha256}`, manifest.bytes)
      await store.commit({
        manifest: `manifests/${manifest.sha256}`,
        ifMatch: null,
        files: 0,
        bytes: 0,
        reason: 'auto',
      })
      await writeTree(stateDir, segments, (pack) => known.chunks.packBytes(pack))
      expect(await repl.restored()).toEqual(contents(repl.workspace))
      expect(segments.filter(({ packs }) => !packs.some((pack) => from.has(pack)))).toHaveLength(round)
      left.push((await repl.packs()).filter((pack) => from.has(pack)).length)
    }
    expect(left.length).toBeGreaterThan(3)
  })

  test('packs are small by what a snapshot needs of them, and the smallest come first', () => {
    const uses = new Map([
      ['half', SMALL_PACK_BYTES / 2],
      ['full', SMALL_PACK_BYTES],
      ['tiny', 1],
      ['damaged', 2],
    ])
    const small = smallPacks(uses, new Set(['damaged']))
    expect(small.map(([pack]) => pack)).toEqual(['tiny', 'half'])
    const many = Array.from({ length: 1000 }, (_, at) => [`${at}`, 1] as const)
    expect(firstToMerge(many, MERGED_PACKS).size).toBe(MERGED_PACKS)
    const large = Array.from({ length: 1000 }, (_, at) => [`${at}`, SMALL_PACK_BYTES - 1] as const)
    expect(firstToMerge(large, MERGED_PACKS).size).toBe(MERGE_BYTES / SMALL_PACK_BYTES)
  })
})
