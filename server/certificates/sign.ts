import 'reflect-metadata'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { createPrivateKey, randomBytes } from 'node:crypto'
import { isIP } from 'node:net'
import { CLOCK_SKEW_MS } from '#server/certificates/limits.ts'

/** A certificate and its private key (PKCS #8), both PEM. */
export interface Identity {
  cert: string
  key: string
}

/** ECDSA on P-256 with SHA-256 (FIPS 186-5): quick to make, and known to every TLS library. */
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

interface Validity {
  now: number
  ms: number
}

/** A new authority that may sign leaves and no further authorities (RFC 5280 §4.2.1.9). */
export async function newAuthority({ now, ms }: Validity): Promise<Identity> {
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const serialNumber = newSerialNumber()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber,
    // Never two of one name: of those, OpenSSL tries the first one only.
    name: `CN=Devex sandboxes ${new Date(now).toISOString().slice(0, 10)} ${serialNumber.slice(0, 8)}`,
    ...validity({ now, ms }),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) }
}

/** A server's certificate for `names` (DNS names or IP addresses), signed by `authority`. */
export async function signServer(
  authority: Identity,
  { names, now, ms }: Validity & { names: string[] },
): Promise<Identity> {
  const issuer = new X509Certificate(authority.cert)
  const keys = await crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    issuer: issuer.subject,
    ...validity({ now, ms }),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: await signingKeyOf(authority.key),
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      // Critical, since there is no subject (RFC 5280 §4.2.1.6): names may be longer than a common name's 64 characters.
      new SubjectAlternativeNameExtension(
        names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value })),
        true,
      ),
    ],
  })
  return { cert: certificate.toString('pem'), key: await pemOf(keys.privateKey) }
}

/** When a certificate (PEM) ends, in milliseconds since the epoch. */
export function endOf(cert: string): number {
  return new X509Certificate(cert).notAfter.getTime()
}

function validity({ now, ms }: Validity): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(now - CLOCK_SKEW_MS), notAfter: new Date(now + ms) }
}

/** Positive, and of at least 64 random bits (CA/Browser Forum, Baseline Requirements §7.1). */
function newSerialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f)
  return bytes.toString('hex')
}

async function pemOf(key: CryptoKey): Promise<string> {
  const der = Buffer.from(await crypto.subtle.exportKey('pkcs8', key))
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    .export({ format: 'pem', type: 'pkcs8' })
    .toString()
}

async function signingKeyOf(pem: string): Promise<CryptoKey> {
  const der = createPrivateKey(pem).export({ format: 'der', type: 'pkcs8' })
  return await crypto.subtle.importKey('pkcs8', new Uint8Array(der), ALGORITHM, false, ['sign'])
}
