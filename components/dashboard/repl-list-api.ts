import { api, wireErrorOf } from '#components/api.ts'
import type { ReplListApi } from '#components/dashboard/repl-list-store.ts'

/** The list's API over the application's. */
export function replListApi(): ReplListApi {
  return {
    list: () => api().repls.list.query(),
    watch: ({ list, live, failed }) => {
      const subscription = api().repls.watchList.subscribe(undefined, {
        onData: (repls) => {
          live(true)
          list(repls)
        },
        onConnectionStateChange: (connection) => {
          if (connection.state === 'connecting') live(false)
        },
        onError: (error) => failed(wireErrorOf(error)),
      })
      return () => subscription.unsubscribe()
    },
    start: (replId) => api().repls.start.mutate({ replId }),
    stop: (replId) => api().repls.stop.mutate({ replId }),
    rename: (replId, name) => api().repls.rename.mutate({ replId, name }),
    keep: (replId) => api().repls.keep.mutate({ replId }),
    delete: (replId) => api().repls.delete.mutate({ replId }),
    restore: (replId) => api().repls.restore.mutate({ replId }),
    fork: (replId) => api().history.fork.mutate({ replId }),
    errorOf: wireErrorOf,
  }
}
