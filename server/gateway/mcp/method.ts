import type { IncomingMessage, ServerResponse } from 'node:http'
import { AppError } from '#server/errors.ts'

const METHODS = ['POST', 'GET', 'DELETE']

/** `not_supported`, with what is, where agents do not use a method. */
export function requireMcpMethod({ method }: IncomingMessage, response: ServerResponse): void {
  if (METHODS.includes(method ?? '')) return
  response.setHeader('allow', METHODS.join(', '))
  throw new AppError('not_supported', `${method} is not done here.`, { advice: 'Agents POST to this address.' })
}
