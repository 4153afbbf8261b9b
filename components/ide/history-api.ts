import { api, wireErrorOf } from '#components/api.ts'
import type { HistoryApi } from './stores/history.ts'

/** A REPL's past over tRPC. */
export function historyApi(replId: string): HistoryApi {
  return {
    list: () => api().history.list.query({ replId }),
    checkpoint: (name) => api().history.checkpoint.mutate({ replId, name }),
    rename: (id, name) => api().history.rename.mutate({ replId, id, name }),
    forget: (id) => api().history.forget.mutate({ replId, id }),
    recall: (id) => api().history.recall.mutate({ replId, id }),
    remove: (id) => api().history.remove.mutate({ replId, id }),
    diff: (from) => api().history.diff.query({ replId, from, to: 'now' }),
    tree: () => api().history.tree.query({ replId }),
    file: (id, path) => api().history.file.query({ replId, id, path }),
    restore: (id, paths) => api().history.restore.mutate({ replId, id, ...(paths !== undefined && { paths }) }),
    fork: (id) => api().history.fork.mutate({ replId, id }),
    errorOf: wireErrorOf,
  }
}
