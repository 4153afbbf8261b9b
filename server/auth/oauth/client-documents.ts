import { lookup } from 'node:dns'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { BlockList, isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { boundedBytes } from '#server/bounded-bytes.ts'
import { DOCUMENT_LIMIT_MS, MAX_DOCUMENT_BYTES } from '#server/auth/oauth/limits.ts'
import { AppError } from '#server/errors.ts'

/** Addresses that are not of the public internet: a client's document lies at none of them. */
const PRIVATE = new BlockList()
for (const [net, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv4')

/** All but global unicast (2000::/3), and of that what stands for something else. */
const PUBLIC_V6 = new BlockList()
PUBLIC_V6.addSubnet('2000::', 3, 'ipv6')
for (const [net, bits] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  PRIVATE.addSubnet(net, bits, 'ipv6')

/** Whether an address may be called on somebody else's word. */
export function isPublicAddress(address: string, family: number): boolean {
  if (family === 4) return !PRIVATE.check(address, 'ipv4')
  return PUBLIC_V6.check(address, 'ipv6') && !PRIVATE.check(address, 'ipv6')
}

/** Fetches a client's metadata document (Client ID Metadata Document), or fails. Tests stand in for it. */
export type FetchDocument = (url: URL) => Promise<Response>

/**
 * Fetches with a guard against being sent into our own network: https on its own port, no redirects, every address
 * checked in the one look-up whose answer is then connected to, little and soon.
 */
export const fetchDocument: FetchDocument = (url) => {
  if (url.protocol !== 'https:' || url.port !== '')
    return Promise.reject(new AppError('bad_request', 'A client’s document lies behind https, on its usual port.'))
  // An address is never looked up, and so would not be checked.
  if (isIP(url.hostname.replace(/^\[(.*)\]$/, '$1')) !== 0)
    return Promise.reject(
      new AppError('forbidden', `${url.hostname} is an address: a client’s document lies at a name.`),
    )
  return documentOf(
    httpsRequest(url, {
      lookup: guardedLookup,
      headers: { accept: 'application/json' },
      signal: AbortSignal.timeout(DOCUMENT_LIMIT_MS),
      agent: false,
    }),
  )
}

/** Sends a request that was made, and reads its answer: the document, or an error. Whoever answers may be hostile. */
export async function documentOf(request: ClientRequest): Promise<Response> {
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request.on('response', resolve)
    request.on('error', reject)
    // Of a switch of protocols, which nobody asked for, there is no other word.
    request.on('close', () => reject(new AppError('bad_request', 'The client’s document was not sent.')))
    request.end()
  })
  if (answer.statusCode !== 200) {
    answer.destroy()
    throw new AppError('bad_request', `The client’s document is not there (HTTP ${answer.statusCode}).`)
  }
  const kept = ['content-type', 'cache-control', 'expires'].flatMap((name): [string, string][] => {
    const value = answer.headers[name]
    return typeof value === 'string' ? [[name, value]] : []
  })
  const tooLarge = () => new AppError('too_large', 'The client’s document is too large.')
  return new Response(await boundedBytes(answer, MAX_DOCUMENT_BYTES, tooLarge), { headers: kept })
}

/** Of names: an address is refused before. */
const guardedLookup: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { all: true }, (error, found) => {
    if (error !== null) return callback(error, '', 4)
    const [first] = found
    if (first === undefined || !found.every(({ address, family }) => isPublicAddress(address, family)))
      return callback(new AppError('forbidden', `${hostname} is not on the public internet.`), '', 4)
    if (options.all === true) callback(null, found)
    else callback(null, first.address, first.family)
  })
}

/** Whether a client id is the address of a document that may be fetched at all. */
export function allowsDocument(clientId: string): boolean {
  if (!URL.canParse(clientId)) return false
  const { protocol, hostname, port, username, search } = new URL(clientId)
  const isName = /^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/.test(hostname) && !/^[\d.]+$/.test(hostname)
  return protocol === 'https:' && isName && port === '' && username === '' && search === ''
}
