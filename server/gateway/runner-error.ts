import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { ErrorCode } from '#protocol/errors.ts'
import { AppError, fromWireError } from '#server/errors.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import { readSmallBody } from '#server/gateway/small-body.ts'

const bodySchema = z.object({ error: wireErrorSchema })

/** What a runner's answer other than success says, as our error. A runner can be tampered with: anything may stand there. */
export async function errorOfRunner(answer: IncomingMessage, limits: GatewayLimits): Promise<AppError> {
  const status = answer.statusCode ?? 0
  const timer = setTimeout(() => answer.destroy(), limits.runnerHeadMs)
  try {
    const { error } = bodySchema.parse(JSON.parse(await readSmallBody(answer, limits.maxSmallBodyBytes)))
    return fromWireError(error)
  } catch (cause) {
    return new AppError(codeOf(status), `The sandbox refused (HTTP ${status}).`, { cause })
  } finally {
    clearTimeout(timer)
  }
}

function codeOf(status: number): ErrorCode {
  switch (status) {
    case 400:
      return 'bad_request'
    case 403:
      return 'forbidden'
    case 404:
      return 'not_found'
    case 409:
      return 'conflict'
    default:
      return 'unavailable'
  }
}
