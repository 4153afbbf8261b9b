import { setTimeout as delay } from 'node:timers/promises'
import type { FileChange, RunnerApi } from '../runner/runner-api.ts'
import { fileUri } from '../tools/resources.ts'
import type { LogFailure } from '../workspace.ts'
import type { McpEndpoint } from './endpoint.ts'
import { LIST_NOTICE_MS, MAX_NOTICE_URIS, NOTICE_MS, WATCH_RETRY_MS } from './limits.ts'

type Listeners = Pick<McpEndpoint, 'resourceUpdated' | 'resourcesChanged'>

/** Tells clients what changed in the sandbox, until it is disposed of: files, processes, ports; gathered for a moment. */
export function tellChanges(runner: RunnerApi, listeners: Listeners, log: LogFailure): AsyncDisposable {
  const over = new AbortController()
  const notices = new Notices(listeners)
  const keep = async (what: string, follow: () => Promise<void>) => {
    let isTold = false
    while (!over.signal.aborted) {
      const startedAt = Date.now()
      await follow().catch((error: unknown) => {
        if (over.signal.aborted) return
        // A runner that stays away is told of once.
        if (Date.now() - startedAt > WATCH_RETRY_MS) isTold = false
        if (!isTold) log(`${what} are not followed for a moment.`, error)
        isTold = true
      })
      await delay(WATCH_RETRY_MS, undefined, { signal: over.signal, ref: false }).catch(() => undefined)
    }
  }
  const options = { signal: over.signal }
  const followed = Promise.all([
    keep('Files', async () => {
      for await (const { changes, overflow } of runner.files.watch(options)) notices.files(changes, overflow)
    }),
    keep('Ports', async () => {
      for await (const _ of runner.ports.watch(options)) notices.updated('repl://ports')
    }),
    keep('Processes', async () => {
      for await (const _ of runner.terminals.watch(options)) notices.updated('repl://processes')
    }),
  ])
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort()
      notices[Symbol.dispose]()
      await followed
    },
  }
}

/** Gathers changes, and tells each once. */
export class Notices implements Disposable {
  readonly #listeners: Listeners
  readonly #uris = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #listTimer: NodeJS.Timeout | undefined

  constructor(listeners: Listeners) {
    this.#listeners = listeners
  }

  files(changes: FileChange[], overflow: boolean): void {
    for (const { path } of changes) if (this.#uris.size < MAX_NOTICE_URIS) this.updated(fileUri(path))
    this.updated('repl://git/status')
    this.updated('repl://git/diff')
    if (!overflow && changes.every(({ kind }) => kind === 'modified')) return
    this.updated('repl://tree')
    this.#listTimer ??= setTimeout(() => {
      this.#listTimer = undefined
      this.#listeners.resourcesChanged()
    }, LIST_NOTICE_MS).unref()
  }

  updated(uri: string): void {
    this.#uris.add(uri)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const uris = [...this.#uris]
      this.#uris.clear()
      for (const each of uris) this.#listeners.resourceUpdated(each)
    }, NOTICE_MS).unref()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    clearTimeout(this.#listTimer)
  }
}
