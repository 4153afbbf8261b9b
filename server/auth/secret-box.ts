import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { AppError } from '#server/errors.ts'

const FORMAT = 1
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Encrypts what must not lie readable in the state store: signing keys and provider tokens. */
export interface SecretBox {
  /** base64url of: format, nonce, ciphertext, tag. `purpose` is authenticated: a value cannot be moved elsewhere. */
  seal(purpose: string, plaintext: string): string
  /** `internal` if `sealed` was changed, moved, or sealed with another secret. */
  open(purpose: string, sealed: string): string
  /** 32 bytes for another use of the same secret, different for each `purpose` (HKDF, RFC 5869). */
  derive(purpose: string): Buffer
}

/** AES-256-GCM (NIST SP 800-38D) under a key derived from `secret`. */
export function createSecretBox(secret: string): SecretBox {
  const derive = (purpose: string) => Buffer.from(hkdfSync('sha256', secret, 'devex', purpose, 32))
  const key = derive('secret-box')

  return {
    derive,
    seal: (purpose, plaintext) => {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose))
      const text = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()])
      return Buffer.concat([Buffer.of(FORMAT), nonce, text, cipher.getAuthTag()]).toString('base64url')
    },
    open: (purpose, sealed) => {
      const bytes = Buffer.from(sealed, 'base64url')
      try {
        if (bytes[0] !== FORMAT) throw new Error(`unknown format ${bytes[0]}`)
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(1, 1 + NONCE_BYTES)).setAAD(
          Buffer.from(purpose),
        )
        decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
        return Buffer.concat([decipher.update(bytes.subarray(1 + NONCE_BYTES, -TAG_BYTES)), decipher.final()]).toString(
          'utf8',
        )
      } catch (error) {
        throw new AppError('internal', `A stored secret (${purpose}) cannot be decrypted.`, {
          cause: error,
          advice: 'Start with the DEVEX_SECRET that this data was written with.',
        })
      }
    },
  }
}
