import { request as httpRequest } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { z } from 'zod'
import {
  SIDECAR_ROUTES,
  adoptProgressSchema,
  restoreProgressSchema,
  saveProgressSchema,
  variablesProgressSchema,
} from '#protocol/adoption.ts'
import type { AdoptProgress, RestoreProgress, SaveProgress, VariablesProgress } from '#protocol/adoption.ts'
import type { SidecarClaims } from '#protocol/claims.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import { parseJsonLines } from '#protocol/json-lines.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError, fromWireError } from '#server/errors.ts'
import { jsonOrNothing } from '#server/json.ts'
import type { Orchestrator } from '#server/orchestrator/orchestrator.ts'
import { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'
import type { SidecarClient } from '#server/workspaces/workspaces.ts'

/** Largest answer that is not a stream of progress. */
const MAX_ANSWER_CHARS = 64 * 1024

interface SidecarClientOptions {
  orchestrator: Pick<Orchestrator, 'dial'>
  tokens: Tokens
}

interface Deps {
  tokens: Tokens
  connections: ConnectionsAhead
}

type Purpose = SidecarClaims['purpose']

interface Call<T> {
  sandboxId: string
  purpose: Purpose
  body: unknown
  progress: z.ZodType<T>
}

/** Calls to sidecars, each over a connection of its own. A sidecar finishes what it began when a call is given up. */
export function createSidecarClient({ orchestrator, tokens }: SidecarClientOptions): SidecarClient {
  const connections = new ConnectionsAhead((sandboxId) => orchestrator.dial(sandboxId, 'sidecar'))
  const deps = { tokens, connections }
  return {
    reach: (sandboxId) => connections.make(sandboxId),
    adopt: (request, onProgress, signal) =>
      call(
        deps,
        { sandboxId: request.sandbox, purpose: 'adopt', body: request, progress: adoptProgressSchema },
        { onProgress, signal },
      ),
    save: ({ sandboxId, ...body }, onProgress, signal) =>
      call(deps, { sandboxId, purpose: 'save', body, progress: saveProgressSchema }, { onProgress, signal }),
    restore: ({ sandboxId, ...body }, onProgress, signal) =>
      call(deps, { sandboxId, purpose: 'restore', body, progress: restoreProgressSchema }, { onProgress, signal }),
    setVariables: (sandboxId, variables, signal) =>
      call(
        deps,
        { sandboxId, purpose: 'variables', body: { variables }, progress: variablesProgressSchema },
        { onProgress: () => undefined, signal },
      ),
    stop: (sandboxId, onProgress, signal) =>
      call(deps, { sandboxId, purpose: 'stop', body: {}, progress: saveProgressSchema }, { onProgress, signal }),
  }
}

async function call<T extends AdoptProgress | SaveProgress | RestoreProgress | VariablesProgress>(
  deps: Deps,
  { sandboxId, purpose, body, progress }: Call<T>,
  { onProgress, signal }: { onProgress: (line: T) => void; signal: AbortSignal },
): Promise<void> {
  signal.throwIfAborted()
  try {
    const answer = await send(deps, { sandboxId, purpose, body, progress }, signal)
    if (answer.statusCode !== 200) throw await refusal(answer)
    for await (const json of parseJsonLines(answer)) {
      const line = progress.parse(json)
      onProgress(line)
      if (line.phase === 'done') return
      if (line.phase === 'failed') throw fromWireError(line.error)
    }
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    if (cause instanceof AppError) throw cause
    throw new AppError('unavailable', `The connection to sandbox ${sandboxId} broke.`, { cause })
  }
  throw new AppError('unavailable', `Sandbox ${sandboxId} hung up before it was done.`)
}

async function send<T>(
  { tokens, connections }: Deps,
  { sandboxId, purpose, body }: Call<T>,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const token = await tokens.sidecar({ sandbox: sandboxId, purpose })
  const connection = await connections.take(sandboxId)
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const bytes = Buffer.from(JSON.stringify(body))
  const request = httpRequest(
    {
      createConnection: () => connection,
      method: 'POST',
      path: SIDECAR_ROUTES[purpose],
      headers: {
        host: 'sidecar',
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': bytes.length,
        connection: 'close',
      },
      signal,
    },
    resolve,
  )
  request.on('error', reject)
  // Of a switch of protocols, which nobody asked for, there is no other word.
  request.on('close', () => reject(new Error('The sidecar gave no answer.')))
  request.end(bytes)
  return promise
}

async function refusal(answer: IncomingMessage): Promise<AppError> {
  let text = ''
  for await (const part of answer) {
    text += String(part)
    if (text.length > MAX_ANSWER_CHARS) break
  }
  const parsed = z.object({ error: wireErrorSchema }).safeParse(jsonOrNothing(text))
  return parsed.success
    ? fromWireError(parsed.data.error)
    : new AppError('unavailable', `The sidecar answered ${answer.statusCode}.`)
}
