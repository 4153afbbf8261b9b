import type { AgentLink, AgentLinkAnswer } from '#protocol/agents.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import { previewOrigin } from '#server/gateway/addresses.ts'
import type { Site } from '#server/gateway/addresses.ts'
import { makeFileTicket } from '#server/gateway/file-ticket.ts'
import type { Access, Repls } from '#server/repls/repls.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

interface AgentLinksDeps {
  stateStore: StateStore
  site: Site
  access: Access
  repls: Repls
  userOf: (userId: string) => Promise<Principal | undefined>
}

/** What agents in a sandbox want of the control plane, on behalf of the person they act for. */
export interface AgentLinks {
  link(replId: string, asked: AgentLink): Promise<AgentLinkAnswer>
  stop(replId: string, userId: string): Promise<void>
}

/** Addresses and a stop, each within what that person may do now. */
export function createAgentLinks({ stateStore, site, access, repls, userOf }: AgentLinksDeps): AgentLinks {
  const personOf = async (userId: string) => {
    const who = await userOf(userId)
    if (who !== undefined) return who
    throw new AppError('forbidden', 'The person that this agent acts for has no account any more.')
  }
  return {
    link: async (replId, asked) => {
      switch (asked.kind) {
        case 'repl':
          return { url: new URL(`/r/${replId}`, site.publicUrl()).href }
        case 'preview': {
          const { publicPorts } = await repls.get(await personOf(asked.user), replId)
          const isPublic = asked.access === 'link' && publicPorts.includes(asked.port)
          const origin = previewOrigin(site, replId, asked.port)
          const url = new URL(asked.path, origin)
          // `//name/` is a path by its look, and another host.
          if (url.origin !== new URL(origin).origin)
            throw new AppError('bad_request', 'This path leads to another site.')
          return { url: url.href, access: isPublic ? 'link' : 'private' }
        }
        case 'file': {
          const { path, method, user, connection } = asked
          await access.require(await personOf(user), replId, method === 'PUT' ? 'editor' : 'viewer')
          const ticket = await makeFileTicket(stateStore, {
            replId,
            path,
            method,
            userId: user,
            connectionId: connection,
          })
          const encoded = path
            .split('/')
            .map((part) => encodeURIComponent(part))
            .join('/')
          return { url: new URL(`/r/${replId}/files/${encoded}?ticket=${ticket}`, site.publicUrl()).href }
        }
      }
    },
    stop: async (replId, userId) => void (await repls.stop(await personOf(userId), replId)),
  }
}
