import { readFile } from 'node:fs/promises'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { AppError } from '#server/errors.ts'

/** Lets the certificates in `file` (PEM) count beside Node's own, for every connection of this process: Redis, S3, GitHub. */
export async function trustToo(file: string): Promise<void> {
  const advice = 'CA_FILE must name a file with certificates in PEM form.'
  const pem = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new AppError('bad_request', `The file ${file} (CA_FILE) cannot be read.`, { cause, advice })
  })
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  if (certificates === null)
    throw new AppError('bad_request', `There is no certificate in ${file} (CA_FILE).`, { advice })
  setDefaultCACertificates([...getCACertificates('default'), ...certificates])
}

/** What OpenSSL and Node call a certificate that nobody we know has signed, and one for another name. */
const UNKNOWN_SIGNER = [
  'CERT_SIGNATURE_FAILURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]
const OTHER_NAME = 'ERR_TLS_CERT_ALTNAME_INVALID'

/** The way out where a server's certificate was not believed; `undefined` where it was something else. `setting` holds its address. */
export function certificateAdvice(error: unknown, setting: string): string | undefined {
  const code = codeOf(error)
  if (code === OTHER_NAME) return `${setting} must name the server as its certificate does.`
  if (!UNKNOWN_SIGNER.includes(code)) return undefined
  return 'If its certificate is of an authority of your own, name that in PEM form: CA_FILE=/path/to/ca.pem.'
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  return codeOf(error.cause)
}
