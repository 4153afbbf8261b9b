import { ACTIVE_CPU_FRACTION } from '../limits.ts'
import { TICKS_PER_SECOND } from './proc.ts'
import type { SandboxTree } from './sandbox-tree.ts'

/** When work was last seen in this sandbox, for the idle rule: output, input, requests, CPU of its processes. */
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
    const processes = await this.#tree.processes()
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
