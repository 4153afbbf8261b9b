import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDiskObjectStore } from '#server/object-store/disk.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { SIGNING_KEY } from '#server/workspaces/_constellation.ts'
import { createFaultyStore } from '#server/workspaces/faults/_faulty-store.ts'
import { Lane } from '#server/workspaces/faults/_lane.ts'
import type { LaneOptions } from '#server/workspaces/faults/_lane.ts'
import { LANE_ROUNDS } from '#server/workspaces/faults/_lane-rounds.ts'
import type { Random } from '#server/workspaces/faults/_random.ts'
import { allOf, suffer } from '#server/workspaces/faults/_run.ts'
import type { Tally } from '#server/workspaces/faults/_run.ts'
import { createStoreFaults } from '#server/workspaces/faults/_store-faults.ts'

const ROOT = join(import.meta.dirname, '../../..')
/** The sidecar as it is shipped: it starts in a third of the time that its sources take. */
export const PROGRAM = join(ROOT, '.build/sandbox/sidecar.mjs')

/** Several repls that suffer at the same time, so that waiting overlaps. */
export interface LanesOptions {
  random: Random
  lanes: number
  /** Faults in all. */
  count: number
  open?: (options: LaneParts) => Promise<LaneOptions & AsyncDisposable>
}

export interface LaneParts {
  random: Random
}

/** Faults on disk-backed lanes, unless `open` says otherwise. */
export async function sufferInLanes({ random, lanes, count, open = onDisk }: LanesOptions): Promise<Tally> {
  const share = (index: number) => Math.floor(count / lanes) + (index < count % lanes ? 1 : 0)
  const tallies = await allOf(
    Array.from({ length: lanes }, (_, index) => ({ random: random.split(), count: share(index) })).map(async (part) => {
      await using options = await open(part)
      await using lane = await Lane.start(options)
      const tally = await suffer(lane, LANE_ROUNDS, part)
      await lane.cycle()
      return tally
    }),
  )
  return merged(tallies)
}

/** A disk store in a folder of its own, behind faults. `spoil` may put something wrong in between. */
export async function onDisk(
  { random }: LaneParts,
  spoil: (store: ObjectStore) => ObjectStore = (store) => store,
): Promise<LaneOptions & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-faults-'))
  const store = await openDiskObjectStore({ folder, signingKey: SIGNING_KEY })
  const faults = createStoreFaults()
  return {
    random,
    store,
    faults,
    faultyStore: spoil(createFaultyStore(store, faults)),
    program: PROGRAM,
    [Symbol.asyncDispose]: async () => {
      await store[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export function merged(tallies: Tally[]): Tally {
  const all: Tally = new Map()
  for (const [name, count] of tallies.flatMap((tally) => [...tally])) all.set(name, (all.get(name) ?? 0) + count)
  return all
}
