import type { IncomingMessage } from 'node:http'
import type { Principal, SignInAuthenticator } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { Hold } from '#server/gateway/access-watch.ts'
import type { PreviewHost } from '#server/gateway/addresses.ts'
import { refuseForeignPages } from '#server/gateway/origin.ts'
import type { Parts } from '#server/gateway/parts.ts'
import { isDueForRenewal, previewCookie, readPreviewCookie } from '#server/gateway/preview-cookie.ts'
import type { PreviewVisitor } from '#server/gateway/preview-ticket.ts'

/** A visit to a preview that may go on. */
export interface Visit {
  /** To be set with the answer: the cookie's next life. */
  renewal?: string
  /** Nobody known, where the port is public and no cookie says. */
  visitor?: PreviewVisitor
  expiresAt?: number
}

/**
 * The right to use a preview, held: anybody's where the port is public, else that of a cookie whose visitor is still
 * signed in and has access. `unauthenticated` without one.
 */
export function holdVisit(parts: Parts, request: IncomingMessage, host: PreviewHost): Promise<Hold<Visit>> {
  const { watch, limits, previewKey: key } = parts
  const statement = readPreviewCookie({ key, limits }, request.headers.cookie, host)
  const visitor = statement === undefined ? {} : { visitor: statement.who }
  const decide = async (): Promise<Visit> => {
    if (await watch.isPortPublic(host.replId, host.port)) return visitor
    if (statement === undefined) throw new AppError('unauthenticated', 'This preview is private.')
    refuseForeignPages(request, host, parts)
    const who = await principalOf(statement.who, (signIn) => watch.holderOf(signIn, host.replId))
    if (who === undefined) throw new AppError('unauthenticated', 'This preview is private.')
    const grant = await watch.grantOf(who, host.replId)
    if (grant === undefined) throw new AppError('forbidden', 'You have no access to this preview.')
    const expiresAt = grant.via.kind === 'share' ? grant.via.expiresAt : undefined
    if (expiresAt !== undefined && expiresAt <= Date.now()) throw new AppError('forbidden', 'Your access has expired.')
    return {
      ...visitor,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(isDueForRenewal(statement, limits) && {
        renewal: previewCookie({ key, limits }, statement),
      }),
    }
  }
  return watch.hold(host.replId, decide)
}

/** Who a visitor is now: a guest for as long as there is a link for them, a user for as long as they are signed in. */
export async function principalOf(
  visitor: PreviewVisitor,
  holderOf: SignInAuthenticator['holderOf'],
): Promise<Principal | undefined> {
  if (visitor.kind === 'guest') return visitor
  return holderOf({ userId: visitor.id, signInId: visitor.signInId })
}
