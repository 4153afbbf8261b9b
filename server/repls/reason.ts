import type { WireError } from '#protocol/errors.ts'
import { toWireError } from '#server/errors.ts'
import { MAX_REASON_CHARS } from '#server/repls/limits.ts'

/** Why something failed, as the record keeps it and people read it: nothing internal, not endless. */
export function reasonOf(error: unknown): WireError {
  const { code, message, advice } = toWireError(error)
  return { code, message: clip(message), ...(advice !== undefined && { advice: clip(advice) }) }
}

function clip(text: string): string {
  return text.length > MAX_REASON_CHARS ? `${text.slice(0, MAX_REASON_CHARS)} …` : text
}
