import { readProc, readStats } from './proc.ts'
import type { ProcStat } from './proc.ts'

/** Which processes belong to this sandbox. */
export interface SandboxTree {
  /** All of them but the runner itself, the sandbox's init, and who was let in from outside; each with its facts. */
  processes(): Promise<ProcStat[]>
}

interface TreeOptions {
  /** Whether the runner lives in a process namespace of its own, where everything else is the repl's. */
  ownsNamespace: boolean
  /** Names this repl in the environment of its processes; absent before the sandbox is opened. */
  replId: () => string | undefined
}

/**
 * Without a namespace of one's own: the runner's descendants, and those that left the tree (daemons are inherited by
 * init) but still carry this repl's `REPL_ID`.
 */
export function sandboxTree({ ownsNamespace, replId }: TreeOptions): SandboxTree {
  const belongs = knownOwners(replId)
  return {
    processes: async () => {
      const stats = (await readStats()).filter(({ pid, state }) => pid !== process.pid && state !== 'Z')
      // What has no parent here came in from outside, as the kubelet's hook does that waits for all others to end.
      if (ownsNamespace) return stats.filter(({ pid, parent }) => pid !== 1 && pid !== process.ppid && parent !== 0)
      const descendants = descendantsOf(process.pid, stats)
      const own = await belongs(stats, descendants)
      return stats.filter((_, index) => own[index])
    },
  }
}

/** Ids of all processes below `root`. */
export function descendantsOf(root: number, stats: ProcStat[]): Set<number> {
  const children = Map.groupBy(stats, ({ parent }) => parent)
  const found = new Set<number>()
  const open = [root]
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    for (const child of children.get(pid) ?? []) {
      if (found.has(child.pid)) continue
      found.add(child.pid)
      open.push(child.pid)
    }
  }
  return found
}

/**
 * Looks once whose a process is: what it was started with does not change until it becomes another program. Only those
 * that still live are remembered, and of one that is just becoming another program nothing: it has no environment then.
 */
function knownOwners(replId: TreeOptions['replId']) {
  let known = new Map<string, boolean>()
  return async (stats: ProcStat[], descendants: Set<number>): Promise<boolean[]> => {
    const repl = replId()
    const before = known
    known = new Map()
    const own = stats.map(async (stat) => {
      if (descendants.has(stat.pid)) return true
      const key = `${stat.pid} ${stat.startTicks} ${stat.command} ${repl}`
      const answer = before.get(key) ?? (await carriesRepl(stat.pid, repl))
      if (answer !== undefined) known.set(key, answer)
      return answer === true
    })
    return Promise.all(own)
  }
}

/** `undefined`: it cannot be told now. */
async function carriesRepl(pid: number, repl: string | undefined): Promise<boolean | undefined> {
  if (repl === undefined) return undefined
  const environment = await readProc(`${pid}/environ`)
  if (environment === undefined || environment === '') return undefined
  return `\0${environment}\0`.includes(`\0REPL_ID=${repl}\0`)
}
