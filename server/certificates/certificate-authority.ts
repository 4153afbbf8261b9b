import { z } from 'zod'
import {
  AUTHORITY_MS,
  BELIEVE_MS,
  MAX_WRITE_ATTEMPTS,
  OVERLAP_MS,
  ROTATE_AFTER_MS,
} from '#server/certificates/limits.ts'
import { endOf, newAuthority, signServer } from '#server/certificates/sign.ts'
import type { Identity } from '#server/certificates/sign.ts'
import type { SecretBox } from '#server/auth/secret-box.ts'
import { AppError } from '#server/errors.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

const KEY = 'certificate-authorities'
const recordSchema = z.object({
  format: z.literal(1),
  authorities: z
    .array(z.object({ cert: z.string(), sealedKey: z.string(), madeAt: z.number(), signsFrom: z.number() }))
    .min(1),
})
type Authority = z.infer<typeof recordSchema>['authorities'][number]

/** The control plane's own certificate authority for TLS between itself and sandboxes. */
export interface CertificateAuthority {
  /** Certificates (PEM) of all authorities whose signature counts: one, or two while a successor is introduced. */
  trust(): Promise<string>
  /** A server's certificate for `names` (DNS names or IP addresses), good for `ms` milliseconds. */
  issue(server: { names: string[]; ms: number }): Promise<Identity>
}

interface Options {
  stateStore: StateStore
  box: SecretBox
  /** Milliseconds since the epoch. */
  now?: () => number
}

/**
 * Authorities lie in the state store, their keys encrypted; every replica uses the same ones. One that grows old gets a
 * successor, which is trusted for a while before it signs.
 */
export function createCertificateAuthority({ stateStore, box, now = Date.now }: Options): CertificateAuthority {
  let known: { authorities: Authority[]; at: number } | undefined

  const current = async (): Promise<Authority[]> => {
    if (known !== undefined && now() - known.at < BELIEVE_MS) return known.authorities
    const authorities = await readOrRotate({ stateStore, box, now: now(), known: known?.authorities ?? [] })
    known = { authorities, at: now() }
    return authorities
  }

  return {
    trust: async () => (await current()).map(({ cert }) => cert.trim()).join('\n') + '\n',
    issue: async ({ names, ms }) => {
      const signer = (await current()).findLast(({ signsFrom }) => signsFrom <= now())
      if (signer === undefined) throw new AppError('internal', 'No certificate authority may sign yet.')
      const key = box.open(KEY, signer.sealedKey)
      return await signServer({ cert: signer.cert, key }, { names, ms, now: now() })
    },
  }
}

interface Reading extends Required<Omit<Options, 'now'>> {
  now: number
  /** As last read: what a state store that was emptied gets back, since running sandboxes have certificates of it. */
  known: Authority[]
}

async function readOrRotate({ stateStore, box, now, known }: Reading): Promise<Authority[]> {
  for (let attempt = 1; ; attempt++) {
    const record = await stateStore.get(KEY)
    const before = record === undefined ? known : recordSchema.parse(record.value).authorities
    const alive = before.filter(({ cert }) => endOf(cert) > now)
    const newest = alive.at(-1)
    const isFresh = newest !== undefined && now - newest.madeAt < ROTATE_AFTER_MS
    if (isFresh && record !== undefined) return alive
    // The first one signs at once: nobody trusts another yet.
    const signsFrom = newest === undefined ? now : now + OVERLAP_MS
    const authorities = isFresh ? alive : [...alive, { ...(await sealedAuthority(box, now)), signsFrom }]
    try {
      await stateStore.put(
        KEY,
        { format: 1, authorities },
        {
          expected: record === undefined ? 'absent' : { version: record.version },
        },
      )
      return authorities
    } catch (error) {
      // Another replica was quicker: its authority counts.
      const isRace = error instanceof AppError && error.code === 'conflict'
      if (!isRace || attempt === MAX_WRITE_ATTEMPTS) throw error
    }
  }
}

async function sealedAuthority(box: SecretBox, now: number): Promise<Omit<Authority, 'signsFrom'>> {
  const { cert, key } = await newAuthority({ now, ms: AUTHORITY_MS })
  return { cert, sealedKey: box.seal(KEY, key), madeAt: now }
}
