import { ACTIVE_CPU_FRACTION } from '../limits.ts'
import { TICKS_PER_SECOND, parseStat, readProc } from './proc.ts'
import type { SandboxTree } from './sandbox-tree.ts'

/**
 * When work was last seen in this sandbox, for the idle rule: output, input, requests, CPU of its processes. Those in the
 * runner's own session do not count: it starts them for itself (du, find, git, the exec helper), and measuring a disk that
 * is nearly full would keep the repl awake for ever. Terminals and commands lead sessions of their own.
 */
export class Activity {
  readonly #tree: SandboxTree
  #at = Date.now()
  #ticks = new Map<string, number>()
  #sampledAt = performance.now()

  constructor(tree: SandboxTree) {
    this.#tree = tree
  }

  /** Work was seen just now. */
  touch(): void {
    this.#at = Date.now()
  }

  /** Milliseconds since the epoch; looks at what the processes have used since the last call. */
  async lastActiveAt(): Promise<number> {
    const own = parseStat((await readProc('self/stat')) ?? '')?.session
    const processes = (await this.#tree.processes()).filter(({ session }) => session !== own)
    const now = performance.now()
    const ticks = new Map(processes.map((stat) => [`${stat.pid}:${stat.startTicks}`, stat.cpuTicks]))
    let used = 0
    for (const [key, value] of ticks) used += value - (this.#ticks.get(key) ?? 0)
    const elapsedMs = now - this.#sampledAt
    if (used > 0 && (used / TICKS_PER_SECOND) * 1000 > elapsedMs * ACTIVE_CPU_FRACTION) this.touch()
    this.#ticks = ticks
    this.#sampledAt = now
    return this.#at
  }
}
