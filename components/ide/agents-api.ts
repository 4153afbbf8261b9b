import { getUntypedClient } from '@trpc/client'
import { z } from 'zod'
import { api, wireErrorOf } from '#components/api.ts'
import { agentCallsPageSchema, agentConnectionSchema, agentEventSchema } from '#protocol/agents.ts'
import type { AgentsApi } from './stores/agents.ts'

const connectionsSchema = z.array(agentConnectionSchema)
const undoneSchema = z.object({ undo: z.string() })
const tokenSchema = z.object({ token: z.string() })

/** A REPL's agents over tRPC. Answers are parsed by the schemas that the sidecar's reports are parsed by. */
export function agentsApi(replId: string): AgentsApi {
  const client = () => getUntypedClient(api())
  return {
    connections: async () => connectionsSchema.parse(await client().query('agents.connections', { replId })),
    cut: async (connectionId) => void (await client().mutation('agents.cut', { replId, connectionId })),
    calls: async (before) =>
      agentCallsPageSchema.parse(
        await client().query('agents.calls', { replId, ...(before !== undefined && { before }) }),
      ),
    watch({ called, connected, ended }) {
      const subscription = client().subscription(
        'agents.watch',
        { replId },
        {
          onData: (data) => {
            const event = agentEventSchema.parse(data)
            if (event.kind === 'calls') called(event.calls)
            else connected()
          },
          onError: (error) => ended(wireErrorOf(error)),
        },
      )
      return () => subscription.unsubscribe()
    },
    undoRun: async (run) => undoneSchema.parse(await client().mutation('agents.undoRun', { replId, run })),
    createToken: async (draft) =>
      tokenSchema.parse(await client().mutation('agents.tokens.create', { replId, ...draft })),
    errorOf: wireErrorOf,
  }
}
