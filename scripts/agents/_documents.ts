import { createServer, request as plainRequest } from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'

/** Loaded into the product before anything else: answers for claude.ai, which tests do not reach, with its agent's document. */

const ID = 'https://claude.ai/oauth/claude-code-client-metadata'
const DOCUMENT = {
  client_id: ID,
  client_name: 'Claude Code',
  client_uri: 'https://claude.ai',
  redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

const server = createServer((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(DOCUMENT))
})
server.listen(0, '127.0.0.1').unref()

const reach = https.request
Reflect.set(https, 'request', (...args: unknown[]) => {
  const address = server.address()
  if (String(args[0]) !== ID || address === null || typeof address === 'string')
    return Reflect.apply(reach, https, args)
  return plainRequest({ host: '127.0.0.1', port: address.port, path: '/' })
})
syncBuiltinESMExports()
