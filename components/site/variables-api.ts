import { api, wireErrorOf } from '#components/api.ts'
import type { VariablesApi } from '#components/site/variables-store.ts'

/** Environment variables over tRPC: of a REPL, or of the account. */
export function variablesApi(replId: string | undefined): VariablesApi {
  const scope = replId === undefined ? {} : { replId }
  return {
    list: () => api().variables.list.query(scope),
    set: (values) => api().variables.set.mutate({ ...scope, values }),
    remove: (name) => api().variables.remove.mutate({ ...scope, name }),
    errorOf: wireErrorOf,
  }
}
