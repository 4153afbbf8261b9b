import { createHmac, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import { replIdSchema } from '#protocol/ids.ts'
import { cookieValues } from '#server/gateway/headers.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import { previewVisitorSchema } from '#server/gateway/preview-ticket.ts'

/** No `__Host-` prefix: browsers refuse that on `http://*.localhost`. Host-only all the same: it has no `Domain`. */
export const PREVIEW_COOKIE = 'devex_preview'

/** Others may set cookies of this name on a parent domain; so many are looked at. */
const MAX_CANDIDATES = 4

/** What the cookie states, signed: this visitor came to this preview with a ticket. */
const statementSchema = z.object({
  v: z.literal(1),
  repl: replIdSchema,
  port: z.int(),
  who: previewVisitorSchema,
  /** When the ticket was used, and until when this cookie is good; ms since the epoch. */
  since: z.number(),
  until: z.number(),
})
export type Statement = z.infer<typeof statementSchema>

interface CookieParts {
  key: Uint8Array
  limits: GatewayLimits
}

/** What makes a visit: everything of its statement but how long this cookie lasts. */
type Visit = Pick<Statement, 'repl' | 'port' | 'who' | 'since'>

/** `Set-Cookie` for a visit that began at `since`. */
export function previewCookie({ key, limits }: CookieParts, { repl, port, who, since }: Visit): string {
  const now = Date.now()
  const until = Math.min(now + limits.previewCookieTtlMs, since + limits.previewVisitMs)
  const statement: Statement = { v: 1, repl, port, who, since, until }
  const payload = Buffer.from(JSON.stringify(statement)).toString('base64url')
  const maxAgeSeconds = Math.max(0, Math.floor((until - now) / 1000))
  return `${PREVIEW_COOKIE}=${payload}.${sign(key, payload).toString('base64url')}; Path=/; Max-Age=${maxAgeSeconds}; Secure; HttpOnly; SameSite=None; Partitioned`
}

/** The statement of a good cookie for this repl and port, if the request has one. */
export function readPreviewCookie(
  { key }: CookieParts,
  cookieHeader: string | undefined,
  { replId, port }: { replId: string; port: number },
): Statement | undefined {
  return cookieValues(cookieHeader, PREVIEW_COOKIE)
    .slice(0, MAX_CANDIDATES)
    .map((value) => verify(key, value))
    .find((statement) => statement?.repl === replId && statement.port === port && statement.until > Date.now())
}

/** Whether a cookie is in the second half of its life and may be followed by another. */
export function isDueForRenewal({ until, since }: Statement, limits: GatewayLimits): boolean {
  return until - Date.now() < limits.previewCookieTtlMs / 2 && until < since + limits.previewVisitMs
}

function verify(key: Uint8Array, value: string): Statement | undefined {
  const [payload = '', signature = '', ...rest] = value.split('.')
  const expected = sign(key, payload)
  const given = Buffer.from(signature, 'base64url')
  if (rest.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
  return statementSchema.safeParse(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))).data
}

function sign(key: Uint8Array, payload: string): Buffer {
  return createHmac('sha256', key).update(`devex-preview-cookie:${payload}`).digest()
}
