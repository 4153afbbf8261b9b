import { setTimeout as delay } from 'node:timers/promises'
import { PROCESS_POLL_MS } from '../limits.ts'
import type { ProcStat } from './proc.ts'

interface EndOptions {
  /** Those still to be ended. Asked again and again, as they may start others. */
  find: () => Promise<number[]>
  /** Signals in order; each gets `waitMs` before the next one. The last one is sent until nothing is left. */
  signals: NodeJS.Signals[]
  waitMs: number
}

/** Ends processes; returns when none is left, `false` if some outlived every signal. */
export async function endProcesses({ find, signals, waitMs }: EndOptions): Promise<boolean> {
  for (const signal of signals) {
    for (const pid of await find()) sendSignal(pid, signal)
    const until = performance.now() + waitMs
    while (performance.now() < until) {
      const left = await find()
      if (left.length === 0) return true
      // What was started after the signal was sent must get it too, or a fork bomb would outrun us.
      if (signal === 'SIGKILL') for (const pid of left) sendSignal(pid, signal)
      await delay(PROCESS_POLL_MS)
    }
  }
  return (await find()).length === 0
}

interface EndSessionOptions extends Omit<EndOptions, 'find'> {
  /** Among which. */
  processes: () => Promise<ProcStat[]>
  /** Whether the leader's end has been seen, and its number may be another's. Not known: as long as it lives. */
  hasLeaderEnded?: () => boolean
}

/** The same for what stayed in the session that `leader` leads, or is about to: a child has not begun its own at once. */
export async function endSession(
  leader: number,
  { processes, hasLeaderEnded = () => false, ...how }: EndSessionOptions,
): Promise<boolean> {
  const find = async () => {
    const hadEnded = hasLeaderEnded()
    const all = await processes()
    // A number is given away again only when nothing is left of the session that had it.
    if (hadEnded && all.some(({ pid }) => pid === leader)) return []
    return all.filter(({ pid, session }) => session === leader || pid === leader).map(({ pid }) => pid)
  }
  return endProcesses({ find, ...how })
}

/** Sends a signal; whether there was such a process of ours. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
