import { readdir, realpath } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { AsyncSubscription, Event } from '@parcel/watcher'
import type { EventData } from '#protocol/messages.ts'
import { FILES_CHANGED_DELAY_MS, MAX_CHANGES_PER_EVENT, REWATCH_AFTER_MS, REWATCH_REST_TIMES } from '../limits.ts'
import type { Log } from '../log.ts'
import { TEMPORARY_NAME } from './workspace.ts'

type Changes = EventData<'files.changed'>
type Kind = Changes['changes'][number]['kind']

interface WatchOptions {
  /** Absolute path. */
  folder: string
  log: Log
  onChange(changes: Changes): void
}

/** What has so many files and so little meaning in each that watching it would cost more than it tells. */
const IGNORED = [
  '**/node_modules/**',
  '**/.git/objects/**',
  '**/.git/lfs/**',
  '**/.venv/**',
  '**/__pycache__/**',
  '**/.next/**',
  '**/.cache/**',
  '**/.npm/_cacache/**',
  '**/.local/share/devex/**',
]

/** Without a named backend the package starts a shell to look for another program first, and leaves a zombie behind. */
const OPTIONS = { ignore: IGNORED, ...(process.platform === 'linux' && { backend: 'inotify' as const }) }

/** Its binary part takes 10 ms to load, which nobody should wait for: the runner has it loaded once it is up. */
export const loadWatcher = () => import('@parcel/watcher')

/** Tells of changes below a folder, gathered so that a burst is one event. */
export class Watch implements AsyncDisposable {
  readonly #options: WatchOptions
  #subscription: AsyncSubscription | undefined
  #changes = new Map<string, Kind>()
  #isOverflow = false
  #timer: NodeJS.Timeout | undefined
  /** What was made since the last flush, and whether that was more than is kept. */
  #created: string[] = []
  #isCreatedCut = false
  #isRewatchDue = false
  #rewatching: Promise<void> | undefined
  /** Of `performance.now`. */
  #restsUntil = 0
  readonly #closing = new AbortController()
  #root = ''
  #isDisposed = false

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /** Starts watching. Where the system refuses (too many watches), that is logged and clients see changes when they look. */
  async start(): Promise<void> {
    const { folder, log } = this.#options
    try {
      this.#root = await realpath(folder)
      await this.#subscribe()
    } catch (error) {
      log.error('Changes on disk are not watched.', error, { folder })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    this.#closing.abort()
    clearTimeout(this.#timer)
    await this.#rewatching
    await this.#unsubscribe()
  }

  /**
   * Watches all that is there now. Not beside what was watched before: the backend would look at nothing anew. What
   * happens in between is missed.
   */
  async #subscribe(): Promise<void> {
    const { subscribe } = await loadWatcher()
    await this.#unsubscribe()
    this.#subscription = await subscribe(this.#root, (error, events) => this.#take(error, events), OPTIONS)
    if (this.#isDisposed) await this.#unsubscribe()
  }

  async #unsubscribe(): Promise<void> {
    const subscription = this.#subscription
    this.#subscription = undefined
    try {
      await subscription?.unsubscribe()
    } catch (error) {
      // The kernel has dropped watches of folders that are gone by itself.
      this.#options.log.warn('A watch had ended already.', { reason: String(error) })
    }
  }

  #take(error: Error | null, events: Event[]): void {
    if (this.#isDisposed) return
    if (error !== null) {
      this.#options.log.error('Watching the disk failed; changes may have been missed.', error)
      this.#isOverflow = true
      this.#isCreatedCut = true
    }
    for (const { path, type } of events) {
      this.#add(path.slice(this.#root.length + 1), KINDS[type])
      if (type !== 'create') continue
      if (this.#created.length < MAX_CHANGES_PER_EVENT) this.#created.push(path)
      else this.#isCreatedCut = true
    }
    if (this.#changes.size === 0 && !this.#isOverflow) return
    this.#timer ??= setTimeout(() => this.#flush(), FILES_CHANGED_DELAY_MS)
  }

  /**
   * The backend watches a folder that it is told of, but not what is in it by then: all of a tree that was moved here, and
   * some of one that was written quickly.
   */
  async #heed(created: string[], isCut: boolean): Promise<void> {
    let isDue = isCut
    for (const path of created) isDue ||= await hasFolders(path)
    if (!isDue || this.#isDisposed) return
    this.#isRewatchDue = true
    this.#rewatching ??= this.#rewatchWhileDue()
  }

  async #rewatchWhileDue(): Promise<void> {
    while (this.#isRewatchDue && !this.#isDisposed) {
      const waitMs = Math.max(REWATCH_AFTER_MS, this.#restsUntil - performance.now())
      await delay(waitMs, undefined, { signal: this.#closing.signal }).catch(() => undefined)
      if (this.#isDisposed) break
      this.#isRewatchDue = false
      const startedAt = performance.now()
      await this.#subscribe().catch((error: unknown) => {
        this.#options.log.error('New folders are not watched.', error)
      })
      const endedAt = performance.now()
      this.#restsUntil = endedAt + REWATCH_REST_TIMES * (endedAt - startedAt)
      // What happened in there before, and meanwhile, is looked for.
      this.#isOverflow = true
      this.#timer ??= setTimeout(() => this.#flush(), FILES_CHANGED_DELAY_MS)
    }
    this.#rewatching = undefined
  }

  #add(path: string, kind: Kind): void {
    if (path.includes('.devex-') && path.split('/').some((name) => TEMPORARY_NAME.test(name))) return
    if (this.#changes.size >= MAX_CHANGES_PER_EVENT) this.#isOverflow = true
    else this.#changes.set(path, merge(this.#changes.get(path), kind))
  }

  #flush(): void {
    const changes = this.#isOverflow ? [] : [...this.#changes].map(([path, kind]) => ({ path, kind }))
    const overflow = this.#isOverflow
    void this.#heed(this.#created.splice(0), this.#isCreatedCut)
    this.#isCreatedCut = false
    this.#timer = undefined
    this.#changes = new Map()
    this.#isOverflow = false
    this.#options.onChange({ changes, overflow })
  }
}

/** Whether a folder has folders in it. */
async function hasFolders(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  return entries.some((entry) => entry.isDirectory() && entry.name !== 'node_modules')
}

const KINDS = { create: 'created', update: 'modified', delete: 'deleted' } as const

/** Two changes of one path as one: what was made and then written is made, what was deleted and made again is modified. */
function merge(before: Kind | undefined, now: Kind): Kind {
  if (before === 'created' && now === 'modified') return 'created'
  if (before === 'deleted' && now === 'created') return 'modified'
  return now
}
