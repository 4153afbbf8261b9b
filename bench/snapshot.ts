import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import { ControlPlane, SIGNING_KEY, Sandbox } from '#server/workspaces/_constellation.ts'
import { buildSandbox } from '../scripts/build-sandbox.ts'
import { createRestic, createTar } from './_archivers.ts'
import type { Archiver } from './_archivers.ts'
import { changeFiles, writeSourceTree } from './_source-tree.ts'
import type { TreeSize } from './_source-tree.ts'
import { percentile } from './statistics.ts'

const SIZES: (TreeSize & { name: string; rounds: number })[] = [
  { name: '2,000 files, 20 MB', files: 2000, bytes: 20e6, rounds: 7 },
  { name: '20,000 files, 300 MB', files: 20_000, bytes: 300e6, rounds: 3 },
]
const CHANGED_FILES = 10
const STEPS = [
  'first save',
  `save after ${CHANGED_FILES} changes`,
  'save with no change',
  'restore',
  'nothing',
] as const
type Step = (typeof STEPS)[number]

/** Milliseconds of each step in each round, and bytes that were stored at the first two. */
interface Measured {
  ms: Record<Step, number[]>
  bytes: Record<'first save' | 'changes', number[]>
}

/** Our sidecar and the control plane's store, beside restic and `tar | zstd` at the same work, taking turns in one run. */
export async function benchSnapshot(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'devex-bench-'))
  try {
    const built = join(folder, 'built')
    await buildSandbox(built)
    for (const size of SIZES) await benchSize(size, folder, join(built, 'sidecar.mjs'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchSize(size: (typeof SIZES)[number], folder: string, program: string): Promise<void> {
  const results = { devex: newMeasured(), restic: newMeasured(), 'tar.zst': newMeasured() }
  // Nothing is deleted before all is measured: ext4 is slow to make files for seconds after many were deleted.
  await using sandboxes = new AsyncDisposableStack()
  for (let round = 0; round < size.rounds; round += 1) {
    const place = join(folder, `${size.files}-${round}`)
    const source = join(place, 'source')
    mkdirSync(source, { recursive: true })
    writeSourceTree(source, size)
    const ours = await createDevex(sandboxes, program, (workspace) => writeSourceTree(workspace, size))
    await measure(ours, { into: results.devex, size, place, round })
    await measure({ ...(await createRestic(source, place)), source }, { into: results.restic, size, place, round })
    await measure({ ...createTar(source, place), source }, { into: results['tar.zst'], size, place, round })
  }
  print(size.name, results)
}

async function measure(
  archiver: Archiver & { source: string },
  { into, size, place, round }: { into: Measured; size: TreeSize; place: string; round: number },
): Promise<void> {
  const before = await archiver.storedBytes().catch(() => 0)
  into.ms['first save'].push(await archiver.save())
  const full = await archiver.storedBytes()
  changeFiles(archiver.source, size, { count: CHANGED_FILES, round })
  into.ms[`save after ${CHANGED_FILES} changes`].push(await archiver.save())
  into.bytes['first save'].push(full - before)
  into.bytes.changes.push((await archiver.storedBytes()) - full)
  into.ms['save with no change'].push(await archiver.save())
  into.ms.nothing.push(await archiver.nothing())
  into.ms.restore.push(
    await archiver.restore(join(place, `restored-${into.ms.restore.length}-${Math.round(performance.now())}`)),
  )
}

/** A real sidecar, called as the control plane calls it; the time includes both of them and the disk store. */
async function createDevex(
  owner: AsyncDisposableStack,
  program: string,
  fill: (workspace: string) => void,
): Promise<Archiver & { source: string }> {
  const openStore = (at: string) => openDiskObjectStore({ folder: at, signingKey: SIGNING_KEY })
  const controlPlane = owner.use(await ControlPlane.start(openStore))
  const sandbox = owner.use(await Sandbox.start(controlPlane, program))
  await controlPlane.adopt(sandbox)
  // What an adoption saves by itself is out of the way.
  await controlPlane.save(sandbox)
  fill(sandbox.workspace)
  return {
    source: sandbox.workspace,
    save: () => timed(() => controlPlane.save(sandbox)),
    nothing: async () => 0,
    storedBytes: async () => {
      let bytes = 0
      for await (const object of controlPlane.objectStore.list('')) bytes += object.bytes
      return bytes
    },
    restore: async () => {
      controlPlane.newestGeneration += 1
      const next = owner.use(await Sandbox.start(controlPlane, program))
      return timed(() => controlPlane.adopt(next))
    },
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

function newMeasured(): Measured {
  return {
    ms: {
      'first save': [],
      'save after 10 changes': [],
      'save with no change': [],
      restore: [],
      nothing: [],
    },
    bytes: { 'first save': [], changes: [] },
  }
}

function print(name: string, results: Record<string, Measured>): void {
  const p50 = (samples: number[]) => percentile(samples, 0.5)
  console.log(`\n${name} (p50; the lowest and highest in brackets)`)
  for (const step of STEPS) {
    const restic = p50(results['restic']?.ms[step] ?? [])
    const columns = Object.entries(results).map(([program, { ms }]) => {
      const samples = ms[step]
      const range = `[${Math.min(...samples).toFixed(0)}–${Math.max(...samples).toFixed(0)}]`
      return `${program} ${p50(samples).toFixed(0).padStart(6)} ms ${range.padEnd(13)}`
    })
    const ratio = step === 'nothing' ? '' : `  ${(p50(results['devex']?.ms[step] ?? []) / restic).toFixed(2)}× restic`
    console.log(`  ${step.padEnd(22)} ${columns.join('  ')}${ratio}`)
  }
  for (const [at, label] of [
    ['first save', 'bytes of the first save'],
    ['changes', 'bytes of the changes'],
  ] as const) {
    const columns = Object.entries(results).map(([program, { bytes }]) => `${program} ${p50(bytes[at])}`)
    console.log(`  ${label.padEnd(22)} ${columns.join('  ')}`)
  }
}
