import * as z from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
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
})
export type AdoptionMarker = Omit<z.infer<typeof markerSchema>, 'version'>

/** The marker, if there is one. A damaged one throws: guessing could restore over live work. */
export async function readMarker(stateDir: string): Promise<AdoptionMarker | undefined> {
  const json = await readStateFile(stateDir, MARKER_FILE)
  if (json === undefined) return undefined
  const { version: _, ...marker } = markerSchema.parse(json)
  return marker
}

export async function writeMarker(stateDir: string, marker: AdoptionMarker): Promise<void> {
  // Without `restored` the volume would not be saved; without `opened` a clone is at worst tried again.
  const durable = marker.phase === 'restored'
  await writeStateFile(stateDir, { name: MARKER_FILE, durable }, { version: 1, ...marker })
}
