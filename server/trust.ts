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
