import type { ServerResponse } from 'node:http'
import { resourceOf, usualScopesOf } from '#server/auth/oauth/resources.ts'

const PREFIX = '/.well-known/oauth-protected-resource'

/**
 * Where to sign in for a resource (RFC 9728), for each repl and for the account (also at the root). It says the same of
 * repls that are not there: who may know of one is asked after signing in. `false` where `path` is none of these.
 */
export function serveResourceMetadata(path: string, response: ServerResponse, publicUrl: URL): boolean {
  if (!path.startsWith(PREFIX)) return false
  const { origin } = publicUrl
  const rest = path.slice(PREFIX.length)
  const indicator = rest === '' || rest === '/' ? `${origin}/mcp` : origin + rest
  const resource = resourceOf(indicator, origin)
  const body =
    resource === undefined
      ? { error: 'not_found' }
      : {
          resource: indicator,
          authorization_servers: [origin],
          scopes_supported: usualScopesOf(resource),
          bearer_methods_supported: ['header'],
          resource_name: resource.kind === 'repl' ? 'A REPL on Devex' : 'Devex account',
        }
  response.writeHead(resource === undefined ? 404 : 200, {
    'content-type': 'application/json',
    'cache-control': 'public, max-age=300',
    'access-control-allow-origin': '*',
  })
  response.end(JSON.stringify(body))
  return true
}
