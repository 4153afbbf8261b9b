import type { IncomingMessage } from 'node:http'
import type { Resource } from '#server/agents/connection-record.ts'
import { AppError } from '#server/errors.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]']

/** `forbidden` where the request names another host or comes from a page of another origin (DNS rebinding). */
export function requireOwnAddress({ headers }: IncomingMessage, publicUrl: URL): void {
  const authorities = authoritiesOf(publicUrl)
  const origins = authorities.map((authority) => `${publicUrl.protocol}//${authority}`)
  if (!authorities.includes((headers.host ?? '').toLowerCase())) {
    throw new AppError('forbidden', 'This server does not answer to that name.', {
      advice: `Use the address ${publicUrl.origin}.`,
    })
  }
  if (headers.origin !== undefined && !origins.includes(headers.origin.toLowerCase()))
    throw new AppError('forbidden', 'Pages of other sites cannot use this address.')
}

function authoritiesOf(publicUrl: URL): string[] {
  const port = publicUrl.port === '' ? '' : `:${publicUrl.port}`
  return LOOPBACK.includes(publicUrl.hostname) ? LOOPBACK.map((name) => name + port) : [publicUrl.host]
}

/** The canonical address of a resource (RFC 8707): the `aud` of its tokens. */
export function resourceUrl(publicUrl: URL, resource: Resource): string {
  return `${publicUrl.origin}${pathOf(resource)}`
}

/** Where its metadata lies (RFC 9728 §3.1: the well-known part comes before the path). */
export function metadataUrl(publicUrl: URL, resource: Resource): string {
  return `${publicUrl.origin}/.well-known/oauth-protected-resource${pathOf(resource)}`
}

function pathOf(resource: Resource): string {
  return resource.kind === 'repl' ? `/r/${resource.replId}/mcp` : '/mcp'
}
