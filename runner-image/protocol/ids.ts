import * as z from 'zod'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const LETTERS = 26
const ID_LENGTH = 16

/** A repl's id: a letter and 15 of `[a-z0-9]`, random. It stands in DNS labels (RFC 1123), so it is lower case. */
export const replIdSchema = z.string().regex(/^[a-z][a-z0-9]{15}$/)

/** A sandbox's id: shaped like a repl's, always beginning with `s`. */
export const sandboxIdSchema = z.string().regex(/^s[a-z0-9]{15}$/)

/** Ids of users, shares, guests, terminals and processes: opaque, never parsed. */
export const opaqueIdSchema = z.string().regex(/^[a-z][a-z0-9]{15}$/)

/** A new random id: uniform over the alphabet (bytes that would bias it are drawn again). */
export function newId(): string {
  const next = randomBytes()
  return pick(next, LETTERS) + tail(next)
}

/** A new sandbox id. */
export function newSandboxId(): string {
  return `s${tail(randomBytes())}`
}

function tail(next: () => number): string {
  return Array.from({ length: ID_LENGTH - 1 }, () => pick(next, ALPHABET.length)).join('')
}

function pick(next: () => number, size: number): string {
  const fair = 256 - (256 % size)
  for (;;) {
    const byte = next()
    if (byte < fair) return ALPHABET.charAt(byte % size)
  }
}

/** Drawn together, since one takes as long as many; there are more than an id mostly needs. */
function randomBytes(): () => number {
  const bytes = new Uint8Array(2 * ID_LENGTH)
  let at = bytes.length
  return () => {
    if (at === bytes.length) {
      crypto.getRandomValues(bytes)
      at = 0
    }
    return bytes[at++] ?? 255
  }
}
