import { api, wireErrorOf } from '#components/api.ts'
import type { ReplApi } from './stores/repl.ts'

/** What the page of one REPL asks of the application's API, over tRPC. */
export function replApi(replId: string): ReplApi {
  return {
    watch({ changed, ended }) {
      const subscription = api().repls.watch.subscribe(
        { replId },
        { onData: changed, onError: (error) => ended(wireErrorOf(error)) },
      )
      return () => subscription.unsubscribe()
    },
    get: () => api().repls.get.query({ replId }),
    start: () => api().repls.start.mutate({ replId }),
    stop: () => api().repls.stop.mutate({ replId }),
    delete: async () => {
      await api().repls.delete.mutate({ replId })
      return api().repls.get.query({ replId })
    },
    restore: () => api().repls.restore.mutate({ replId }),
    keepAwake: (minutes) => api().repls.keepAwake.mutate({ replId, minutes }),
    keep: () => api().repls.keep.mutate({ replId }),
    rename: (name) => api().repls.rename.mutate({ replId, name }),
    setPortPublic: (port, isPublic) => api().repls.setPortPublic.mutate({ replId, port, isPublic }),
    errorOf: wireErrorOf,
  }
}
