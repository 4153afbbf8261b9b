import { hash } from 'node:crypto'
import * as z from 'zod'

/** SHA-256 (FIPS 180-4) in lower-case hex: the name of everything in the store. */
export function sha256(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex')
}

export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/)
