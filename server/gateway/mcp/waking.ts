import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'
import { eventOf } from '#server/gateway/mcp/message.ts'
import type { Asked } from '#server/gateway/mcp/message.ts'
import type { Target } from '#server/gateway/sandboxes.ts'

/** Below whatever the tool itself will count: progress must only ever rise. */
const STEP = 1 / 1000

interface WakeOptions {
  request: IncomingMessage
  asked: Asked | undefined
  limits: McpLimits
  signal: AbortSignal
}

/**
 * Waits for a REPL that wakes. A client that can read a stream, and waits for longer than a moment, is told that it goes
 * on: as progress where it asked for that, else as comments, which keep the line open.
 */
export async function tellWhileWaking(
  waking: Promise<Target>,
  response: ServerResponse,
  { request, asked, limits, signal }: WakeOptions,
): Promise<Target> {
  const isOver = { value: false }
  const settled = waking.then(
    () => void (isOver.value = true),
    () => void (isOver.value = true),
  )
  await Promise.race([settled, delay(limits.quickWakeMs, undefined, { ref: false })])
  if (asked?.id === undefined || !takesStream(request)) return waking
  for (let beat = 1; !isOver.value && !signal.aborted; beat++) {
    if (!response.headersSent) begin(response)
    response.write(asked.progressToken === undefined ? ': the REPL is starting\n\n' : progress(asked, beat))
    await Promise.race([settled, delay(limits.heartbeatMs, undefined, { ref: false })])
  }
  return waking
}

function takesStream({ headers }: IncomingMessage): boolean {
  return headers.accept?.includes('text/event-stream') === true
}

function begin(response: ServerResponse): void {
  response.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
}

function progress({ progressToken }: Asked, beat: number): string {
  return eventOf({
    jsonrpc: '2.0',
    method: 'notifications/progress',
    params: { progressToken, progress: beat * STEP, message: 'The REPL is starting.' },
  })
}
