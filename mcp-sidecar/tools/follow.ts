import type { Process } from '#wire/gen/runner.ts'
import type { CommandEvent } from '../runner/runner-api.ts'
import { HEARTBEAT_MS, PROGRESS_CHARS, PROGRESS_MS } from './limits.ts'
import type { Output } from './output.ts'

interface FollowOptions {
  output: Output
  /** No longer than this. */
  waitMs: number
  /** Ends the wait so long after the first output. */
  settleMs?: number
  /** Ends the wait. */
  until?: () => boolean
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
  const { output, waitMs, settleMs, until, onProcess, progress, signal } = options
  const over = new AbortController()
  const hangUp = () => over.abort()
  signal.addEventListener('abort', hangUp, { once: true })
  const time = setTimeout(hangUp, waitMs)
  let saidAt = Date.now()
  const say = (message: string) => {
    saidAt = Date.now()
    progress(message.slice(0, PROGRESS_CHARS))
  }
  const heart = setInterval(() => {
    if (Date.now() - saidAt >= HEARTBEAT_MS - PROGRESS_MS) say(output.lastLine || 'still running')
  }, PROGRESS_MS)
  let settling: NodeJS.Timeout | undefined
  let process: Process | undefined
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
      if (event.type === 'ended') break
    }
  } catch (error) {
    // Our own end of the wait comes back as a failed call.
    if (!over.signal.aborted) throw error
  } finally {
    clearTimeout(time)
    clearTimeout(settling)
    clearInterval(heart)
    signal.removeEventListener('abort', hangUp)
    over.abort()
  }
  return process
}
