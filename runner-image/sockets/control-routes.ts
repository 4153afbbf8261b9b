import type { IncomingMessage, ServerResponse } from 'node:http'
import { openRequestSchema, variablesRequestSchema } from '#protocol/adoption.ts'
import type { OpenProgress } from '#protocol/adoption.ts'
import type { z } from 'zod'
import { RunnerError, toWireError } from '../errors.ts'
import { MAX_CONTROL_BODY_BYTES } from '../limits.ts'
import type { Opening } from '../opening.ts'
import { sendJson, startLines } from './answer.ts'

/** `POST /open`: progress a line at a time; the last line says done or failed. */
export async function serveOpen(opening: Opening, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const wanted = await readRequest(request, openRequestSchema)
  opening.assertMayOpen(wanted)
  const send = startLines(response)
  // A clone, or a stop that is under way, takes its time: the sidecar hears at once that somebody is there.
  response.flushHeaders()
  try {
    const opened = await opening.open(wanted, (progress) =>
      send({ phase: 'cloning', ...progress } satisfies OpenProgress),
    )
    send({ phase: 'done', ...opened } satisfies OpenProgress)
  } catch (error) {
    send({ phase: 'failed', error: toWireError(error) } satisfies OpenProgress)
  }
  response.end()
}

/** `POST /quiesce`: answers when nothing but the runner runs. */
export async function serveQuiesce(opening: Opening, response: ServerResponse): Promise<void> {
  await opening.sandbox?.quiesce()
  sendJson(response, 200, { quiet: true })
}

/** `POST /variables`: in a sandbox that is not open yet they come with the opening. */
export async function serveVariables(
  opening: Opening,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { variables } = await readRequest(request, variablesRequestSchema)
  opening.sandbox?.setVariables(variables)
  sendJson(response, 200, {})
}

async function readRequest<T>(request: IncomingMessage, schema: z.ZodType<T>): Promise<T> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue
    bytes += chunk.length
    if (bytes > MAX_CONTROL_BODY_BYTES) throw new RunnerError('too_large', 'This request is too large.')
    chunks.push(chunk)
  }
  try {
    return schema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')))
  } catch (error) {
    throw new RunnerError('bad_request', 'This is not what the runner can be told.', { cause: error })
  }
}
