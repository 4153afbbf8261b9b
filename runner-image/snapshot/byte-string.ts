import { isUtf8 } from 'node:buffer'
import * as z from 'zod'

/**
 * File names are bytes, not text. Here they travel as byte strings: one character (U+0000 to U+00FF) per byte, which
 * compare and split as the bytes do. On the wire they are text where they are UTF-8, and base64 where they are not.
 */
export const wireNameSchema = z.union([z.string(), z.strictObject({ base64: z.base64() })])
export type WireName = z.infer<typeof wireNameSchema>

/** Bytes of a byte string. */
export function bytesOf(byteString: string): Buffer {
  return Buffer.from(byteString, 'latin1')
}

/** The byte string of a text. */
export function byteStringOf(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** For people: text where it is UTF-8, with replacement characters where it is not. */
export function displayName(byteString: string): string {
  return bytesOf(byteString).toString('utf8')
}

/** A byte string as it stands in a manifest. */
export function toWireName(byteString: string): WireName {
  const bytes = bytesOf(byteString)
  return isUtf8(bytes) ? bytes.toString('utf8') : { base64: bytes.toString('base64') }
}

/** The byte string of a name in a manifest. */
export function fromWireName(name: WireName): string {
  return typeof name === 'string' ? byteStringOf(name) : Buffer.from(name.base64, 'base64').toString('latin1')
}
