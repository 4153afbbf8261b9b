import { z } from 'zod'
import { AppError } from '#server/errors.ts'
import type { Json, StoredRecord } from '#server/state-store/state-store.ts'

const jsonSchema = z.json()

/** `value` as it is stored: absent properties are left out. */
export function toJson(value: object): Json {
  return jsonSchema.parse(JSON.parse(JSON.stringify(value)))
}

/** What lies in `record`, parsed; a form that this version does not know is named. */
export function fromRecord<T>(schema: z.ZodType<T>, record: StoredRecord): T {
  const parsed = schema.safeParse(record.value)
  if (parsed.success) return parsed.data
  throw new AppError('internal', `The record ${record.key} cannot be read.`, {
    cause: parsed.error,
    advice: 'It may have been written by a newer version of Devex: start that one.',
  })
}
