import { realpath } from 'node:fs/promises'
import type { AsyncSubscription, Event } from '@parcel/watcher'
import type { EventData } from '#protocol/messages.ts'
import { FILES_CHANGED_DELAY_MS, MAX_CHANGES_PER_EVENT } from '../limits.ts'
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
      const { subscribe } = await loadWatcher()
      this.#subscription = await subscribe(this.#root, (error, events) => this.#take(error, events), OPTIONS)
      if (this.#isDisposed) await this.#unsubscribe()
    } catch (error) {
      log.error('Changes on disk are not watched.', error, { folder })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true
    clearTimeout(this.#timer)
    await this.#unsubscribe()
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
    }
    for (const { path, type } of events) this.#add(path.slice(this.#root.length + 1), KINDS[type])
    if (this.#changes.size === 0 && !this.#isOverflow) return
    this.#timer ??= setTimeout(() => this.#flush(), FILES_CHANGED_DELAY_MS)
  }

  #add(path: string, kind: Kind): void {
    if (path.includes('.devex-') && path.split('/').some((name) => TEMPORARY_NAME.test(name))) return
    if (this.#changes.size >= MAX_CHANGES_PER_EVENT) this.#isOverflow = true
    else this.#changes.set(path, merge(this.#changes.get(path), kind))
  }

  #flush(): void {
    const changes = this.#isOverflow ? [] : [...this.#changes].map(([path, kind]) => ({ path, kind }))
    const overflow = this.#isOverflow
    this.#timer = undefined
    this.#changes = new Map()
    this.#isOverflow = false
    this.#options.onChange({ changes, overflow })
  }
}

const KINDS = { create: 'created', update: 'modified', delete: 'deleted' } as const

/** Two changes of one path as one: what was made and then written is made, what was deleted and made again is modified. */
function merge(before: Kind | undefined, now: Kind): Kind {
  if (before === 'created' && now === 'modified') return 'created'
  if (before === 'deleted' && now === 'created') return 'modified'
  return now
}
