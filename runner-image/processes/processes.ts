import type { ProcessInfo } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import { sendSignal } from './end-processes.ts'
import { TICKS_PER_SECOND, commandLine, readProc } from './proc.ts'
import type { ProcStat } from './proc.ts'
import type { SandboxTree } from './sandbox-tree.ts'

interface ProcessesOptions {
  tree: SandboxTree
  /** Id of the terminal whose session a process belongs to. */
  terminalOf: (session: number) => string | undefined
  /** What to show instead of its command line; `null` for nothing at all. */
  describe: (stat: ProcStat) => string | null | undefined
}

interface Sample {
  cpuTicks: number
  at: number
}

/** The processes of this sandbox, as a person would want to see them. */
export class Processes {
  readonly #tree: SandboxTree
  readonly #options: ProcessesOptions
  #samples = new Map<string, Sample>()
  #bootedAt: number | undefined

  constructor(options: ProcessesOptions) {
    this.#tree = options.tree
    this.#options = options
  }

  /** All of them. CPU is that since the last list, or since the process's start for one not seen before. */
  async list(): Promise<ProcessInfo[]> {
    const [stats, bootedAt] = await Promise.all([this.#tree.processes(), this.#bootTime()])
    const now = Date.now()
    const samples = new Map<string, Sample>()
    const shown = stats.filter((stat) => this.#options.describe(stat) !== null)
    const list = await Promise.all(
      shown.map(async (stat) => {
        const key = `${stat.pid}:${stat.startTicks}`
        const startedAt = bootedAt + (stat.startTicks / TICKS_PER_SECOND) * 1000
        const before = this.#samples.get(key) ?? { cpuTicks: 0, at: startedAt }
        samples.set(key, { cpuTicks: stat.cpuTicks, at: now })
        const terminal = this.#options.terminalOf(stat.session)
        return {
          pid: stat.pid,
          parent: stat.parent,
          command: this.#options.describe(stat) ?? (await commandLine(stat)),
          cpuPercent: percent(stat.cpuTicks - before.cpuTicks, now - before.at),
          memoryBytes: await residentBytes(stat.pid),
          startedAt,
          ...(terminal !== undefined && { terminal }),
        }
      }),
    )
    this.#samples = samples
    return list.sort((a, b) => a.pid - b.pid)
  }

  /** Sends a signal to a process of this sandbox; `not_found` for any other. */
  async signal(pid: number, signal: NodeJS.Signals): Promise<void> {
    const isOurs = (await this.#tree.processes()).some((stat) => stat.pid === pid)
    if (!isOurs || !sendSignal(pid, signal)) {
      throw new RunnerError('not_found', `There is no process ${pid} in this repl.`, {
        advice: 'It has probably ended. Refresh the list.',
      })
    }
  }

  async #bootTime(): Promise<number> {
    if (this.#bootedAt === undefined) {
      const seconds = /^btime (\d+)$/m.exec((await readProc('stat')) ?? '')?.[1]
      this.#bootedAt = Number(seconds ?? 0) * 1000
    }
    return this.#bootedAt
  }
}

async function residentBytes(pid: number): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec((await readProc(`${pid}/status`)) ?? '')?.[1]
  return Number(kib ?? 0) * 1024
}

function percent(ticks: number, elapsedMs: number): number {
  if (elapsedMs <= 0) return 0
  return Math.max(0, Math.round(((ticks / TICKS_PER_SECOND) * 1000 * 1000) / elapsedMs) / 10)
}
