import type { Process } from '#wire/gen/runner.ts'
import type { CommandEvent } from '../runner/runner-api.ts'
import { refuseCancelled } from './cancelled.ts'
import { HEARTBEAT_MS, PROGRESS_CHARS, PROGRESS_MS, START_TIMEOUT_MS } from './limits.ts'
import type { Output } from './output.ts'

/** Why a wait ends; made once, because a reason of the platform's own takes longer to make than the rest. */
const OVER = new Error('The wait is over.')

interface FollowOptions {
  output: Output
  /** No longer than this. */
  waitMs: number
  /** Ends the wait so long after the first output. */
  settleMs?: number
  /** Ends the wait. */
  until?: () => boolean
  /** It begins with a start: refused if the caller hung up before, else waited for in any case. */
  isStart?: boolean
  onProcess?: (process: Process) => void
  progress: (message: string) => void
  /** The caller hung up. */
  signal: AbortSignal
}

/** Takes what a process says until it has ended or the time is up; the process as it was seen last. */
export async function follow(
  open: (signal: AbortSignal) => AsyncIterable<CommandEvent>,
  options: FollowOptions,
): Promise<Process | undefined> {
  const { output, waitMs, settleMs, until, onProcess, isStart = false, progress, signal } = options
  if (isStart) refuseCancelled(signal)
  const over = new AbortController()
  let process: Process | undefined
  const hangUp = () => over.abort(OVER)
  // A command that is just being started is waited for: without its handle nobody could ask for it again, or end it.
  let isDue = false
  const due = () => {
    isDue = true
    if (process !== undefined || !isStart) hangUp()
  }
  const time = setTimeout(due, waitMs)
  signal.addEventListener('abort', due, { once: true })
  if (signal.aborted) due()
  const late = setTimeout(hangUp, waitMs + START_TIMEOUT_MS)
  let saidAt = Date.now()
  const say = (message: string) => {
    saidAt = Date.now()
    progress(message.slice(0, PROGRESS_CHARS))
  }
  const heart = setInterval(() => {
    if (Date.now() - saidAt >= HEARTBEAT_MS - PROGRESS_MS) say(output.lastLine || 'still running')
  }, PROGRESS_MS)
  let settling: NodeJS.Timeout | undefined
  try {
    for await (const event of open(over.signal)) {
      if (event.type === 'output') {
        output.add(event)
        if (Date.now() - saidAt >= PROGRESS_MS) say(output.lastLine)
        if (until?.() === true) break
        if (settleMs !== undefined) settling ??= setTimeout(hangUp, settleMs)
        continue
      }
      process = event.process
      onProcess?.(process)
      // After its end the call ends by itself. One that we end is a reset stream, of which HTTP/2 bears so many a second.
      if (isDue && event.type !== 'ended') break
    }
  } catch (error) {
    // Our own end of the wait comes back as a failed call; and what is known to have ended has, whatever came after.
    if (!over.signal.aborted && process?.exit === undefined) throw error
  } finally {
    clearTimeout(time)
    clearTimeout(late)
    clearTimeout(settling)
    clearInterval(heart)
    signal.removeEventListener('abort', due)
    hangUp()
  }
  return process
}
