/** `sandbox.json`: what must be known about a sandbox after the control plane died. */
import { open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import { jsonOrNothing } from '#server/json.ts'

const RECORD_VERSION = 1

const processIdSchema = z.strictObject({ pid: z.int().positive(), startTime: z.string() })

/** A runner or sidecar as it was started. */
export const partRecordSchema = z.strictObject({
  /** The process that we started: the part itself, or bubblewrap's outer half. Its end is the part's end. */
  main: processIdSchema,
  /** Process 1 of its own pid namespace: killing it kills all inside. */
  init: processIdSchema.optional(),
  bootId: z.string(),
})
export type PartRecord = z.infer<typeof partRecordSchema>

const recordSchema = z.strictObject({
  version: z.literal(RECORD_VERSION),
  id: z.string(),
  template: z.string(),
  createdAt: z.number(),
  limits: z.strictObject({
    memoryBytes: z.number(),
    cpus: z.number(),
    processes: z.number(),
    diskBytes: z.number(),
  }),
  /** How it was made; it keeps this even if the machine could do otherwise by now. */
  level: z.enum(['none', 'bubblewrap']),
  network: z.enum(['separate', 'shared']),
  port: z.int().optional(),
  label: z.strictObject({ replId: z.string(), generation: z.int() }).optional(),
  /** Set once the sidecar answered: before that a sandbox without its creator is the rest of an interrupted start. */
  ready: z.boolean(),
  parts: z.strictObject({ runner: partRecordSchema.optional(), sidecar: partRecordSchema.optional() }),
})
export type SandboxRecord = z.infer<typeof recordSchema>

export type NewRecord = Omit<SandboxRecord, 'version' | 'ready' | 'parts'>

export function newRecord(fields: NewRecord): SandboxRecord {
  return { version: RECORD_VERSION, ready: false, parts: {}, ...fields }
}

/**
 * Reads a record. `undefined` when it is damaged: what stands beside it may be somebody's only copy, so nobody may conclude
 * that there is nothing. A newer version is refused (`not_supported`).
 */
export async function readRecord(file: string): Promise<SandboxRecord | undefined> {
  const json = await readFile(file, 'utf8').then(jsonOrNothing, () => undefined)
  const version = z.object({ version: z.number() }).safeParse(json)
  if (version.success && version.data.version > RECORD_VERSION) {
    throw new AppError('not_supported', `${file} was written by a newer Devex (format ${version.data.version}).`, {
      advice: `This one reads format ${RECORD_VERSION}. Start the newer version, or move the data folder away.`,
    })
  }
  const parsed = recordSchema.safeParse(json)
  return parsed.success ? parsed.data : undefined
}

/** Writes a record so that after a crash at any moment either the old or the new one is there, whole. */
export async function writeRecord(file: string, record: SandboxRecord): Promise<void> {
  const temporary = `${file}.new`
  const handle = await open(temporary, 'w', 0o600)
  try {
    await handle.writeFile(`${JSON.stringify(record, null, 2)}\n`)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, file)
  const folder = await open(dirname(file), 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
