import { z } from 'zod'
import { newSigningKey } from '#server/auth/tokens.ts'
import { AppError } from '#server/errors.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const KEY = 'signing-key:current'
const sealedSchema = z.object({ format: z.literal(1), sealed: z.string() })

/** The installation's signing key (PEM), made at the first start; every replica reads the same one. */
export async function loadSigningKey(store: StateStore, box: SecretBox): Promise<string> {
  const record = await store.get(KEY)
  if (record !== undefined) return box.open(KEY, sealedSchema.parse(record.value).sealed)
  const pem = newSigningKey()
  try {
    await store.put(KEY, { format: 1, sealed: box.seal(KEY, pem) }, { expected: 'absent' })
    return pem
  } catch (error) {
    // Another replica was first: its key counts.
    if (error instanceof AppError && error.code === 'conflict') return await loadSigningKey(store, box)
    throw error
  }
}

/**
 * Puts the key back where the state store lost it under us: the next control plane would make another one, which the
 * sandboxes that run do not know. `conflict` where that has happened already.
 */
export async function keepSigningKey(store: StateStore, box: SecretBox, pem: string): Promise<void> {
  const record = await store.get(KEY)
  if (record === undefined)
    return void (await store.put(KEY, { format: 1, sealed: box.seal(KEY, pem) }, { expected: 'absent' }))
  if (box.open(KEY, sealedSchema.parse(record.value).sealed) === pem) return
  throw new AppError('conflict', 'The state store has another signing key than this control plane.', {
    advice: 'Restart this control plane: what it signs is refused by sandboxes of the others.',
  })
}
