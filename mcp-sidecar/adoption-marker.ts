import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import * as z from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
import { SYNC_LIMIT_MS } from './limits.ts'
import { readStateFile, writeStateFile } from './snapshot/state-file.ts'

const MARKER_FILE = 'adoption'

/**
 * How far the adoption of this volume came. No marker: what lies there is nothing, or half a snapshot, and is made anew.
 * `restored`: it is the user's, and nothing is ever restored over it. `opened`: the runner has been told, so a clone is
 * not made again.
 */
const markerSchema = z.object({
  version: z.literal(1),
  repl: replIdSchema,
  generation: z.int().positive(),
  phase: z.enum(['restored', 'opened']),
  /**
   * Under which boot of the machine it was restored, until all of that is sure to be on the disk. After a crash of the
   * machine before, files may be there without their content: then it is restored anew.
   */
  boot: z.string().exactOptional(),
})
export type AdoptionMarker = Omit<z.infer<typeof markerSchema>, 'version'>

/**
 * The marker, if there is one and the machine has not crashed too soon after it: then it may be empty, too. A damaged one
 * throws: guessing could restore over live work.
 */
export function readMarker(stateDir: string): AdoptionMarker | undefined {
  const json = readStateFile(stateDir, MARKER_FILE)
  if (json === undefined) return undefined
  const { version: _, ...marker } = markerSchema.parse(json)
  return marker.boot === undefined || marker.boot === readBootId() ? marker : undefined
}

/** What marks a volume as restored just now. */
export function restoredNow(owner: Pick<AdoptionMarker, 'repl' | 'generation'>): AdoptionMarker {
  const boot = readBootId()
  return { ...owner, phase: 'restored', ...(boot !== undefined && { boot }) }
}

/** Has the kernel write all of the volume to its disk, and marks that it did. */
export async function settle({ stateDir, volumeDir }: { stateDir: string; volumeDir: string }): Promise<void> {
  // Not before it is needed: a sidecar is up the sooner.
  const { execFile } = await import('node:child_process')
  await promisify(execFile)('sync', ['--file-system', volumeDir], { timeout: SYNC_LIMIT_MS })
  const marker = readMarker(stateDir)
  if (marker === undefined) return
  const { boot: _, ...settled } = marker
  await writeStateFile(stateDir, { name: MARKER_FILE, durable: true }, { version: 1, ...settled })
}

/** `undefined` where the system does not say; what a crash leaves is then taken as it is. */
function readBootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return undefined
  }
}

export async function writeMarker(stateDir: string, marker: AdoptionMarker): Promise<void> {
  // Without `restored` the volume would not be saved; without `opened` a clone is at worst tried again, and a crash that
  // undoes it undoes the restore too. Where no boot tells of that crash, the files stay, so the marker must.
  const durable = marker.phase === 'restored' || marker.boot === undefined
  await writeStateFile(stateDir, { name: MARKER_FILE, durable }, { version: 1, ...marker })
}
