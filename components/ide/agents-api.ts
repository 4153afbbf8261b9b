import { api, wireErrorOf } from '#components/api.ts'
import type { AgentsApi } from './stores/agents.ts'

/** A REPL's agents over tRPC. */
export function agentsApi(replId: string): AgentsApi {
  return {
    connections: () => api().agents.connections.query({ replId }),
    cut: (connectionId) => api().agents.cut.mutate({ connectionId }),
    calls: (before) => api().agents.calls.query({ replId, ...(before !== undefined && { before }) }),
    watch({ called, connected, ended }) {
      const subscription = api().agents.watch.subscribe(
        { replId },
        {
          onData: (event) => (event.kind === 'calls' ? called(event.calls) : connected()),
          onError: (error) => ended(wireErrorOf(error)),
        },
      )
      return () => subscription.unsubscribe()
    },
    undoRun: (run) => api().agents.undoRun.mutate({ replId, run }),
    createToken: (draft) => api().agents.tokens.create.mutate({ replId, ...draft }),
    errorOf: wireErrorOf,
  }
}
