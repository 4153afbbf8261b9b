import type { HeardWork, Work } from '#protocol/work.ts'
import { ACTIVE_CPU_FRACTION } from '../limits.ts'
import { TICKS_PER_SECOND, parseStat, readProc } from './proc.ts'
import type { ProcStat } from './proc.ts'
import type { SandboxTree } from './sandbox-tree.ts'

/** When work was last seen, in milliseconds since the epoch, and which; nothing but the start itself where `work` is absent. */
export interface LastWork {
  at: number
  work?: Work
}

/**
 * When work was last seen in this sandbox, for the idle rule: output, input, requests, CPU of its processes. Those in the
 * runner's own session do not count: it starts them for itself (du, find, git, the exec helper), and measuring a disk that
 * is nearly full would keep the repl awake for ever. Terminals and commands lead sessions of their own.
 */
export class Activity {
  readonly #tree: SandboxTree
  #last: LastWork = { at: Date.now() }
  #ticks = new Map<string, number>()
  #sampledAt = performance.now()

  constructor(tree: SandboxTree) {
    this.#tree = tree
  }

  /** Work was seen just now. */
  touch(kind: HeardWork): void {
    this.#last = { at: Date.now(), work: { kind } }
  }

  /** Looks at what the processes have used since the last call, too. */
  async lastWork(): Promise<LastWork> {
    const own = parseStat((await readProc('self/stat')) ?? '')?.session
    const processes = (await this.#tree.processes()).filter(({ session }) => session !== own)
    const now = performance.now()
    let used = 0
    let busiest = { used: 0, name: '' }
    for (const stat of processes) {
      const own = stat.cpuTicks - (this.#ticks.get(keyOf(stat)) ?? 0)
      if (own > busiest.used) busiest = { used: own, name: stat.command }
      used += own
    }
    const elapsedMs = now - this.#sampledAt
    if (used > 0 && (used / TICKS_PER_SECOND) * 1000 > elapsedMs * ACTIVE_CPU_FRACTION)
      this.#last = { at: Date.now(), work: { kind: 'program', name: busiest.name } }
    this.#ticks = new Map(processes.map((stat) => [keyOf(stat), stat.cpuTicks]))
    this.#sampledAt = now
    return this.#last
  }
}

/** A process's id is given again; with its start it is one process. */
function keyOf({ pid, startTicks }: ProcStat): string {
  return `${pid}:${startTicks}`
}
