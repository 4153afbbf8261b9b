import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { INTERNAL_ROUTES } from '#protocol/adoption.ts'
import { createControlPlane } from '../../mcp-sidecar/control-plane-client.ts'
import { createCaller } from '../../mcp-sidecar/http-call.ts'

/** A control plane that says where to upload to, where every upload is answered with `status` and `body`. */
async function refusing(status: number, body: string): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url === INTERNAL_ROUTES.uploads)
      response.end(JSON.stringify({ uploads: [{ url: '/objects/x', headers: {} }] }))
    else response.writeHead(status).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
}

test.each([
  [
    'the control plane that keeps objects itself, in its own words',
    JSON.stringify({ error: { code: 'unavailable', message: 'The disk is full.', advice: 'Make room on it.' } }),
    { message: 'The disk is full.', advice: 'Make room on it.' },
  ],
  [
    'another store, with what it answered',
    '<Error><Code>SlowDown</Code></Error>',
    { message: 'The object store answered 503: <Error><Code>SlowDown</Code></Error>' },
  ],
])('an upload that is refused is told: by %s', async (_who, body, told) => {
  using caller = createCaller({ url: await refusing(503, body) })
  const controlPlane = createControlPlane(caller, 'token')
  await expect(controlPlane.upload('packs/0123', Buffer.from('x'))).rejects.toMatchObject({
    code: 'unavailable',
    ...told,
  })
})
