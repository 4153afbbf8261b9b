import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CertificateAuthority } from '#server/certificates/certificate-authority.ts'

/** One request to the API server. */
export interface ApiRequest {
  method: string
  path: string
  query: URLSearchParams
  body: unknown
}

export interface ApiServer {
  /** A file that leads to it. */
  kubeconfig: string
  /** `GET /api/v1/…`, in the order they came. */
  calls: string[]
}

/**
 * An API server that does what a test says: for what a real one does once a month (forgetting where a watch was, telling
 * of a pod later than of its record).
 */
export async function startApiServer(
  authority: CertificateAuthority,
  handle: (request: ApiRequest, response: ServerResponse) => void,
): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-api-'))
  const calls: string[] = []
  const server = createServer(await authority.issue({ names: ['localhost'], ms: 60_000 }), (request, response) => {
    void read(request).then((parsed) => {
      calls.push(`${parsed.method} ${parsed.path}`)
      handle(parsed, response)
    })
  })
  await once(server.listen(0, 'localhost'), 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const kubeconfig = join(folder, 'kubeconfig')
  const ca = Buffer.from(await authority.trust()).toString('base64')
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      clusters: [{ name: 'test', cluster: { server: `https://localhost:${port}`, 'certificate-authority-data': ca } }],
      users: [{ name: 'test', user: { token: 'of-the-test' } }],
    }),
  )
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await rm(folder, { recursive: true })
  })
  return { kubeconfig, calls }
}

export function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function read(request: IncomingMessage): Promise<ApiRequest> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(Buffer.from(part))
  const text = Buffer.concat(parts).toString('utf8')
  const url = new URL(request.url ?? '/', 'https://localhost')
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    body: text === '' ? undefined : JSON.parse(text),
  }
}
