import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError, Server } from '@modelcontextprotocol/server'
import type { ServerContext, ServerOptions } from '@modelcontextprotocol/server'
import { agentClaimsSchema } from '#protocol/claims.ts'
import { INSTRUCTIONS, SERVER_CAPABILITIES, SERVER_INFO } from '#protocol/tools/tools.ts'
import { firstOf } from './offer.ts'
import type { CallContext, Offer } from './offer.ts'

/** Entries of one page of resources. */
const PAGE = 200

export interface McpServerOptions {
  offers: readonly Offer[]
  era: 'legacy' | 'modern'
  /** Told when a client of the older protocol follows a resource, or stops to. */
  onFollow?: (uri: string, follows: boolean) => void
  /** Beyond what every server is made with. */
  more?: ServerOptions
}

/** A server over `offers`, for one request or one session. */
export function createMcpServer({ offers, era, onFollow, more }: McpServerOptions): Server {
  const server = new Server(SERVER_INFO, {
    instructions: INSTRUCTIONS,
    ...more,
    capabilities: { ...SERVER_CAPABILITIES, ...(era === 'legacy' && { logging: {} }) },
  })
  serveTools(server, offers)
  serveResources(server, offers)
  servePrompts(server, offers)
  if (era === 'legacy') {
    server.setRequestHandler('resources/subscribe', ({ params }) => {
      onFollow?.(params.uri, true)
      return {}
    })
    server.setRequestHandler('resources/unsubscribe', ({ params }) => {
      onFollow?.(params.uri, false)
      return {}
    })
  }
  return server
}

function serveTools(server: Server, offers: readonly Offer[]): void {
  server.setRequestHandler('tools/list', (_request, context) => {
    const { caller } = contextOf(server, context)
    return { tools: offers.flatMap((offer) => offer.listTools(caller)) }
  })
  server.setRequestHandler('tools/call', ({ params }, context) => {
    const call = firstOf(offers, (offer) =>
      offer.callTool(params.name, params.arguments ?? {}, contextOf(server, context)),
    )
    if (call !== undefined) return call
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `There is no tool ${params.name.slice(0, 100)}. tools/list says which there are.`,
    )
  })
}

function serveResources(server: Server, offers: readonly Offer[]): void {
  server.setRequestHandler('resources/list', async ({ params }, context) => {
    const lists = await Promise.all(offers.map((offer) => offer.listResources(contextOf(server, context))))
    const resources = lists.flat()
    const from = params?.cursor === undefined ? 0 : Number(params.cursor)
    if (!Number.isSafeInteger(from) || from < 0)
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'This is not a cursor of a list of resources.')
    const isMore = resources.length > from + PAGE
    return { resources: resources.slice(from, from + PAGE), ...(isMore && { nextCursor: String(from + PAGE) }) }
  })
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: offers.flatMap((offer) => offer.listTemplates()),
  }))
  server.setRequestHandler('resources/read', ({ params }, context) => {
    const read = firstOf(offers, (offer) => offer.readResource(params.uri, contextOf(server, context)))
    if (read !== undefined) return read
    throw new ResourceNotFoundError(params.uri)
  })
}

function servePrompts(server: Server, offers: readonly Offer[]): void {
  server.setRequestHandler('prompts/list', () => ({ prompts: offers.flatMap((offer) => offer.listPrompts()) }))
  server.setRequestHandler('prompts/get', ({ params }, context) => {
    const got = firstOf(offers, (offer) =>
      offer.getPrompt(params.name, params.arguments ?? {}, contextOf(server, context)),
    )
    if (got !== undefined) return got
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, `There is no prompt ${params.name.slice(0, 100)}.`)
  })
  server.setRequestHandler('completion/complete', async ({ params }, context) => {
    const { ref, argument } = params
    const asked = { ref, argument }
    const completed = firstOf(offers, (offer) => offer.complete(asked, contextOf(server, context)))
    return (await completed) ?? { completion: { values: [] } }
  })
}

function contextOf(server: Server, context: ServerContext): CallContext {
  const caller = agentClaimsSchema.parse(context.http?.authInfo?.extra?.['claims'])
  const elicitation = server.getClientCapabilities()?.elicitation
  // Who names no kind has forms.
  const canAsk = elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)
  return { caller, server: context, canAsk }
}
