import type { Provider } from 'oidc-provider'
import { z } from 'zod'
import type { Role } from '#protocol/roles.ts'
import { scopesOfRole } from '#server/agents/connection-record.ts'
import type { GrantScope, Resource } from '#server/agents/connection-record.ts'
import type { Connections } from '#server/agents/connections.ts'
import { parseCookies } from '#server/auth/cookies.ts'
import { isLoopback } from '#server/auth/oauth/client-metadata.ts'
import { GRANT_SECONDS, MAX_CLIENT_NAME_CHARS } from '#server/auth/oauth/limits.ts'
import { askerCookie } from '#server/auth/oauth/provider.ts'
import type { OauthRecords } from '#server/auth/oauth/records.ts'
import { resourceOf, scopesOf, usualScopesOf } from '#server/auth/oauth/resources.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'

/** What the consent page shows: who asks, from where, for what. */
export interface ConsentView {
  client: {
    name: string
    /** Where the answer goes. */
    redirectHost: string
    /** It goes to the person's own machine: any program there could have asked in this name. */
    isOnThisMachine: boolean
    /** The site that vouches for the name; absent for a program that registered itself. */
    vouchedBy?: string
  }
  resource: { kind: 'account' } | { kind: 'repl'; replId: string; name: string }
  /** What may be given, and what is proposed. */
  scopes: { scope: GrantScope; isProposed: boolean }[]
}

/** What the person says. */
export const consentAnswerSchema = z.object({ isAllowed: z.boolean(), scopes: z.array(z.string()).max(20) })
export type ConsentAnswer = z.output<typeof consentAnswerSchema>

/** Asking the person whether a program may come in. */
export interface Consent {
  view(who: Principal, asked: Asking): Promise<ConsentView>
  /** Where the browser goes next. */
  decide(who: Principal, asked: Asking, answer: ConsentAnswer): Promise<string>
}

/** The question of this id, in the browser that came with it. */
export interface Asking {
  uid: string
  cookieHeader: string | null | undefined
}

export interface ConsentDeps {
  provider: () => Promise<Provider>
  issuer: () => string
  connections: Connections
  records: OauthRecords
  /** The repl as this person may see it. */
  replOf: (who: Principal, replId: string) => Promise<{ name: string; role: Role } | undefined>
  now: () => number
}

const paramsSchema = z.object({
  client_id: z.string(),
  redirect_uri: z.string(),
  resource: z.union([
    z.string(),
    z
      .array(z.string())
      .length(1)
      .transform(([only]) => only ?? ''),
  ]),
  scope: z.string().default(''),
})

export function createConsent({ provider, issuer, connections, records, replOf, now }: ConsentDeps): Consent {
  const questionOf = async (who: Principal, { uid, cookieHeader }: Asking) => {
    // The link alone is not enough: whoever sent it would come in as the person who says yes.
    if (parseCookies(cookieHeader)[askerCookie(issuer(), uid)] !== uid) throw over()
    if (who.kind !== 'user') throw new AppError('forbidden', 'Sign in to let programs in.')
    const server = await provider()
    const interaction = await server.Interaction.find(uid)
    if (interaction === undefined) throw over()
    const params = paramsSchema.parse(interaction.params)
    const client = await server.Client.find(params.client_id)
    const resource = resourceOf(params.resource, issuer())
    if (client === undefined || resource === undefined) throw over()
    const possible = await possibleScopes(who, resource)
    const asked = params.scope.split(' ')
    const wanted = scopesOf(resource).filter((scope) => asked.includes(scope))
    const proposed = wanted.length === 0 ? usualScopesOf(resource) : wanted
    return { who, server, interaction, params, client, resource, ...possible, proposed }
  }

  const possibleScopes = async (who: Principal, resource: Resource) => {
    if (resource.kind === 'account') return { possible: scopesOf(resource), name: '' }
    const repl = await replOf(who, resource.replId)
    if (repl === undefined) {
      throw new AppError('not_found', 'This REPL is not there any more, or not shared with you.', {
        advice: 'Take the address from the Agents panel of a REPL of yours.',
      })
    }
    return { possible: [...scopesOfRole(repl.role)], name: repl.name }
  }

  return {
    view: async (asker, asking) => {
      const { params, client, resource, possible, proposed, name } = await questionOf(asker, asking)
      // Many do not register again: forgotten after a no, or no answer, they could not be let in any more.
      await records.keepClient(params.client_id)
      return {
        client: {
          name: clientName(client.clientName, params.client_id),
          redirectHost: hostOf(params.redirect_uri),
          isOnThisMachine: isLoopback(params.redirect_uri),
          ...(URL.canParse(params.client_id) && { vouchedBy: new URL(params.client_id).host }),
        },
        resource: resource.kind === 'repl' ? { ...resource, name } : resource,
        // What nobody asked for is not offered.
        scopes: possible
          .filter((scope) => scope !== 'repl:admin' || proposed.includes(scope))
          .map((scope) => ({ scope, isProposed: proposed.includes(scope) && scope !== 'repl:admin' })),
      }
    },
    decide: async (asker, asking, answer) => {
      const question = await questionOf(asker, asking)
      const { who, server, interaction, params, client, resource, possible } = question
      const left = Math.max(1, interaction.exp - Math.floor(now() / 1000))
      const scopes = possible.filter((scope) => answer.scopes.includes(scope))
      if (!answer.isAllowed || scopes.length === 0) {
        interaction.result = { error: 'access_denied', error_description: 'the person did not let this program in' }
        await interaction.save(left)
        return interaction.returnTo
      }
      const grant = new server.Grant({ accountId: who.id, clientId: params.client_id })
      grant.addResourceScope(params.resource, scopes.join(' '))
      const refused = scopesOf(resource).filter((scope) => !scopes.includes(scope))
      if (refused.length > 0) grant.rejectResourceScope(params.resource, refused.join(' '))
      grant.addOIDCScope('offline_access')
      const grantId = await grant.save()
      await connections.grant(grantId, {
        userId: who.id,
        userName: who.name,
        resource,
        client: clientName(client.clientName, params.client_id),
        scopes,
        expiresAt: now() + GRANT_SECONDS * 1000,
      })
      await records.keepClient(params.client_id)
      // The program gets what the person gives: what it asked for would narrow that, or fail where none of it is known
      // here. It may stay in, whether or not it said so by OpenID's rules, and renew with what it asked for (Codex).
      interaction.params['scope'] = [...scopes, 'offline_access'].join(' ')
      interaction.result = { login: { accountId: who.id, remember: false }, consent: { grantId } }
      await interaction.save(left)
      return interaction.returnTo
    },
  }
}

function clientName(name: string | undefined, clientId: string): string {
  const said = (name ?? '').replaceAll(/[\p{C}]/gu, '').trim()
  if (said !== '') return said.slice(0, MAX_CLIENT_NAME_CHARS)
  return URL.canParse(clientId) ? new URL(clientId).host : 'A program without a name'
}

function hostOf(uri: string): string {
  const { host, protocol } = new URL(uri)
  return host === '' || !/^https?:$/.test(protocol) ? protocol.replace(/:$/, '') : host
}

function over(): AppError {
  return new AppError('gone', 'This question has been answered, is too old, or was asked in another browser.', {
    advice: 'Begin again in the program that you want to let in.',
  })
}
