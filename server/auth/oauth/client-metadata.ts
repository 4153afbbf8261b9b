import { z } from 'zod'
import { MAX_CLIENT_NAME_CHARS, MAX_METADATA_TEXT_CHARS, MAX_REDIRECT_URIS } from '#server/auth/oauth/limits.ts'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

const textSchema = z
  .string()
  .max(MAX_METADATA_TEXT_CHARS, `is longer than ${MAX_METADATA_TEXT_CHARS} characters: make it shorter`)

/** What is kept of what clients say of themselves: the rest is not used, or would bind them to what they first asked for. */
const metadataSchema = z.object({
  client_id: textSchema.exactOptional(),
  // Cut below.
  client_name: z.string().exactOptional(),
  client_uri: textSchema.exactOptional(),
  redirect_uris: z
    .array(textSchema)
    .max(MAX_REDIRECT_URIS, `are more than ${MAX_REDIRECT_URIS}: name fewer`)
    .exactOptional(),
  grant_types: z.array(z.string()).exactOptional(),
  response_types: z.array(z.string()).exactOptional(),
  token_endpoint_auth_method: textSchema.exactOptional(),
  token_endpoint_auth_methods_supported: z.array(z.string()).exactOptional(),
  application_type: textSchema.exactOptional(),
})

/**
 * A client's metadata (RFC 7591) as the authorization server takes it. Without an `application_type` it is `native`:
 * loopback addresses then match on any port (RFC 8252 §7.3), others exactly. Always with refresh tokens, which rotate.
 * A client that would prove itself by keys of its own, which we do not take, but can do without (ChatGPT), does.
 */
export function clientMetadata(said: unknown): Record<string, unknown> {
  const { token_endpoint_auth_methods_supported: methods = [], ...metadata } = metadataSchema.parse(said)
  const { redirect_uris: uris = [], application_type: type, token_endpoint_auth_method: method } = metadata
  const isNative = type === undefined || uris.some((uri) => isLoopback(uri))
  return {
    ...metadata,
    ...(metadata.client_name !== undefined && { client_name: metadata.client_name.slice(0, MAX_CLIENT_NAME_CHARS) }),
    ...(method === 'private_key_jwt' && methods.includes('none') && { token_endpoint_auth_method: 'none' }),
    application_type: isNative ? 'native' : type,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
  }
}

/** Whether a redirect leads to the person's own machine, where any program can listen. */
export function isLoopback(uri: string): boolean {
  return URL.canParse(uri) && LOOPBACK.has(new URL(uri).hostname)
}
