import type { IncomingMessage } from 'node:http'
import { bodyInTime } from '#server/body-in-time.ts'
import { AppError } from '#server/errors.ts'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'

type Bounds = Pick<McpLimits, 'maxBodyBytes' | 'bodyMs'>

/** The body of a request; `too_large` past its bound, `timeout` where it does not come to its end. */
export async function readMessage(request: IncomingMessage, { maxBodyBytes, bodyMs }: Bounds): Promise<string> {
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) throw tooLarge(maxBodyBytes)
  const bounds = { maxBytes: maxBodyBytes, limitMs: bodyMs, tooLarge: () => tooLarge(maxBodyBytes), tooSlow }
  return (await bodyInTime(request, bounds)).toString('utf8')
}

function tooLarge(maxBytes: number): AppError {
  return new AppError('too_large', `A call may have ${maxBytes / 1024 / 1024} MiB.`, {
    advice: 'Write larger files in parts, or ask write_file for a link and PUT the bytes there.',
  })
}

function tooSlow(ms: number): AppError {
  return new AppError('timeout', `The call’s body did not come within ${ms / 1000} s.`, {
    advice: 'Send it again, whole and at once.',
  })
}
