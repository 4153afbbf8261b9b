import { execFile } from 'node:child_process'
import { relative } from 'node:path'
import type { EventData } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import {
  DISK_MEASURE_MS,
  DISK_MEASURE_TIMEOUT_MS,
  DISK_WARNING_FRACTION,
  FIRST_LOOK_MS,
  LEAST_TOLD_BYTES,
  MAX_DU_BYTES,
  MAX_LARGEST_FOLDERS,
} from '../limits.ts'
import type { Log } from '../log.ts'

type Use = EventData<'disk.changed'>

interface DiskUseOptions {
  folders: Record<'workspace' | 'home', string>
  limitBytes: number
  log: Log
  onChange(use: Use): void
  /** Deletes for good what nobody would miss, so many bytes of it if there are. */
  free(bytes: number): Promise<void>
}

/** A folder, relative to where it was looked for, with the bytes on disk of all that is in it. */
interface Sized {
  path: string
  bytes: number
}

type Placed = Sized & { place: 'workspace' | 'home' }

/** Changes smaller than this part of the limit are not told. */
const NOTABLE_FRACTION = 0.005

/** What the repl's files take up, measured after files have changed, and at most every `DISK_MEASURE_MS`. */
export class DiskUse implements Disposable {
  readonly #options: DiskUseOptions
  #known: Use | undefined
  #timer: NodeJS.Timeout | undefined
  #measuring: Promise<void> | undefined
  #makingRoom: Promise<void> | undefined
  #looking: Promise<Placed[]> | undefined
  #isDisposed = false

  constructor(options: DiskUseOptions) {
    this.#options = options
    this.#measureIn(FIRST_LOOK_MS)
  }

  get known(): Use | undefined {
    return this.#known
  }

  get isFull(): boolean {
    return this.#known?.state === 'full'
  }

  /** Whether something may be written. Where the disk is full, it looks again and makes room first. */
  async hasSpace(): Promise<boolean> {
    if (!this.isFull) return true
    this.#makingRoom ??= this.#makeRoom().finally(() => {
      this.#makingRoom = undefined
    })
    await this.#makingRoom
    return !this.isFull
  }

  /** The largest folders of both, the largest first; concurrent calls share one look. */
  largest(): Promise<Placed[]> {
    this.#looking ??= this.#largest().finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #largest(): Promise<Placed[]> {
    const found = await Promise.all(
      (['workspace', 'home'] as const).map(async (place) => {
        const folders = await largestFolders(this.#options.folders[place])
        return folders.map((folder) => ({ ...folder, place }))
      }),
    )
    return found
      .flat()
      .sort((one, other) => other.bytes - one.bytes)
      .slice(0, MAX_LARGEST_FOLDERS)
  }

  /** Files have changed: measures in a while. */
  filesChanged(): void {
    if (!this.#isDisposed) this.#measureIn(DISK_MEASURE_MS)
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    clearTimeout(this.#timer)
  }

  /** Measures now; concurrent calls share one measurement. */
  async measure(): Promise<Use['state'] | undefined> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#measuring ??= this.#measure().finally(() => {
      this.#measuring = undefined
    })
    await this.#measuring
    return this.#known?.state
  }

  #measureIn(ms: number): void {
    this.#timer ??= setTimeout(() => void this.measure(), ms)
    this.#timer.unref()
  }

  async #makeRoom(): Promise<void> {
    // One under way may have looked before what was there moved.
    await this.#measuring
    if ((await this.measure()) !== 'full' || this.#known === undefined) return
    await this.#options.free(this.#known.usedBytes - this.#known.limitBytes + 1)
    await this.measure()
  }

  async #measure(): Promise<void> {
    const usedBytes = await diskUsage(Object.values(this.#options.folders))
    if (usedBytes === undefined || this.#isDisposed) return
    const use: Use = { usedBytes, limitBytes: this.#options.limitBytes, state: this.#stateAt(usedBytes) }
    const before = this.#known
    this.#known = use
    const change = Math.abs(usedBytes - (before?.usedBytes ?? 0))
    if (before?.state !== use.state || change > NOTABLE_FRACTION * use.limitBytes) this.#options.onChange(use)
    // Somebody frees space, perhaps where no watch reaches: look again until it is well.
    if (use.state !== 'ok') this.filesChanged()
  }

  #stateAt(usedBytes: number): Use['state'] {
    if (usedBytes >= this.#options.limitBytes) return 'full'
    return usedBytes >= this.#options.limitBytes * DISK_WARNING_FRACTION ? 'warning' : 'ok'
  }
}

/** The largest folders below `root`, two levels deep, the largest first; `unavailable` where that takes too long. */
export async function largestFolders(root: string): Promise<Sized[]> {
  const args = ['-x', '--block-size=1', '--max-depth=2', `--threshold=${LEAST_TOLD_BYTES}`, '--null', '--', root]
  const stdout = await new Promise<string>((resolve, reject) => {
    const env = { PATH: '/usr/bin:/bin', NODE_ENV: 'production' } as const
    execFile('du', args, { timeout: DISK_MEASURE_TIMEOUT_MS, maxBuffer: MAX_DU_BYTES, env }, (error, text) => {
      // What could not be read is left out, and makes it end with 1.
      if (error === null || error.code === 1) resolve(text)
      else reject(new RunnerError('unavailable', 'What takes up the disk could not be found out in time.'))
    })
  })
  const folders = stdout.split('\0').flatMap((line) => {
    const [, bytes, path = ''] = /^(\d+)\t(.*)$/s.exec(line) ?? []
    return path === '' || path === root ? [] : [{ path: relative(root, path), bytes: Number(bytes) }]
  })
  return folders.sort((one, other) => other.bytes - one.bytes).slice(0, MAX_LARGEST_FOLDERS)
}

/** Bytes on disk below `folders`, or `undefined` where that cannot be found out in time. */
export async function diskUsage(folders: string[]): Promise<number | undefined> {
  return new Promise((resolve) => {
    const options = {
      timeout: DISK_MEASURE_TIMEOUT_MS,
      env: { PATH: '/usr/bin:/bin', NODE_ENV: 'production' },
    } as const
    execFile('du', ['-sx', '--block-size=1', '--', ...folders], options, (_error, stdout) => {
      const sizes = [...stdout.matchAll(/^(\d+)\t/gm)].map(([, size]) => Number(size))
      resolve(sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0))
    })
  })
}
