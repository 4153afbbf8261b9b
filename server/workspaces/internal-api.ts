import type { IncomingMessage, ServerResponse } from 'node:http'
import type { z } from 'zod'
import {
  INTERNAL_ROUTES,
  checkpointRequestSchema,
  commitRequestSchema,
  downloadsRequestSchema,
  helloRequestSchema,
  reportRequestSchema,
  restoreByIdSchema,
  uploadsRequestSchema,
} from '#protocol/adoption.ts'
import type {
  checkpointSchema,
  checkpointsResponseSchema,
  commitResponseSchema,
  downloadsResponseSchema,
  headResponseSchema,
  uploadsResponseSchema,
} from '#protocol/adoption.ts'
import type { GenerationClaims } from '#protocol/claims.ts'
import { agentCallsReportSchema, agentLinkSchema, agentStopSchema } from '#protocol/agents.ts'
import type { AgentCall, AgentLink, AgentLinkAnswer } from '#protocol/agents.ts'
import { MAX_PACK_BYTES } from '#snapshot/limits.ts'
import type { Tokens } from '#server/auth/tokens.ts'
import { AppError, HTTP_STATUS, toAppError, toWireError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { claimHead, commitSnapshot } from '#server/workspaces/commit.ts'
import { keyOfObject } from '#server/workspaces/keys.ts'
import type { Retention } from '#server/workspaces/history/retention.ts'
import type { WorkspaceEvents, WorkspaceRef } from '#server/workspaces/workspaces.ts'

/** Largest body of a call: 500 objects with names and hashes. */
const MAX_BODY_BYTES = 256 * 1024
/** A report of calls carries diffs, in the worst case six bytes a character. */
const MAX_REPORT_BYTES = 2 * 1024 * 1024

interface InternalApiOptions {
  objectStore: ObjectStore
  tokens: Tokens
  events: WorkspaceEvents
  /** The past of the asker's repl. */
  history?: SandboxHistory
  retention?: Retention
  /** Agents' calls in the asker's repl began or ended. */
  onAgentCalls?: (replId: string, calls: AgentCall[]) => Promise<void>
  /** What agents in the asker's repl want: addresses, and to stop it. */
  agentLinks?: {
    link(replId: string, asked: AgentLink): Promise<AgentLinkAnswer>
    stop(replId: string, userId: string): Promise<void>
  }
  /** A pod's sidecar is up, and where. */
  onHello?: (sandboxId: string, address: string) => Promise<void>
  log: Log
}

/** What a sandbox may do with its repl's past. */
export interface SandboxHistory {
  list(replId: string): Promise<z.infer<typeof checkpointSchema>[]>
  checkpoint(replId: string, as: z.infer<typeof checkpointRequestSchema>): Promise<z.infer<typeof checkpointSchema>>
  restore(replId: string, what: z.infer<typeof restoreByIdSchema>): Promise<{ undo: string }>
}

interface Asker {
  claims: GenerationClaims
  repl: WorkspaceRef
}

type Handler = (asker: Asker, body: unknown) => Promise<unknown>

/**
 * What sidecars ask of the control plane: `INTERNAL_ROUTES` but `objects`. To be served on the internal
 * listener only. Each call carries a generation's token and reaches that repl's own objects, whatever it names.
 */
export function createInternalApi(
  options: InternalApiOptions,
): (request: IncomingMessage, response: ServerResponse) => void {
  const routes = routesOf(options)
  const answer = async (request: IncomingMessage) => {
    const path = new URL(request.url ?? '/', 'http://control').pathname
    if (request.method === 'POST' && path === INTERNAL_ROUTES.hello) return await hear(request, options)
    const handler = routes.get(`${request.method} ${path}`)
    if (handler === undefined) throw new AppError('not_found', `There is no ${request.method} ${path} here.`)
    const asker = await authorize(request, options)
    return handler(asker, request.method === 'POST' ? await readJson(request, bodyLimitOf(path)) : undefined)
  }
  return (request, response) => {
    answer(request).then(
      (value) => send(response, 200, value),
      (error: unknown) => {
        const { code } = toAppError(error)
        if (code === 'internal') options.log.error('A sidecar call failed.', error, { path: request.url })
        send(response, HTTP_STATUS[code], { error: toWireError(error) })
      },
    )
  }
}

function routesOf({
  objectStore,
  events,
  history,
  retention,
  onAgentCalls,
  agentLinks,
}: InternalApiOptions): Map<string, Handler> {
  return new Map<string, Handler>([
    [
      `GET ${INTERNAL_ROUTES.head}`,
      ({ repl, claims }): Promise<z.infer<typeof headResponseSchema>> =>
        claimHead({ objectStore, replId: repl.replId, generation: claims.generation }),
    ],
    [
      `POST ${INTERNAL_ROUTES.uploads}`,
      async ({ repl }, body): Promise<z.infer<typeof uploadsResponseSchema>> => {
        const { objects } = uploadsRequestSchema.parse(body)
        return { uploads: await Promise.all(objects.map((object) => presignUpload(objectStore, repl, object))) }
      },
    ],
    [
      `POST ${INTERNAL_ROUTES.downloads}`,
      async ({ repl }, body): Promise<z.infer<typeof downloadsResponseSchema>> => {
        const { objects } = downloadsRequestSchema.parse(body)
        const presigned = objects.map((name) => objectStore.presignGet(keyOfObject(repl, name)))
        return { downloads: (await Promise.all(presigned)).map(({ url, headers }) => ({ url, headers })) }
      },
    ],
    [
      `POST ${INTERNAL_ROUTES.commit}`,
      async (asker, body): Promise<z.infer<typeof commitResponseSchema>> => {
        const { head, etag } = await commitSnapshot(commitRequestSchema.parse(body), {
          objectStore,
          ...asker,
          ...(retention !== undefined && { retention }),
        })
        const { manifest, generation, savedAt, files, bytes } = head
        await events.committed(asker.claims, { manifest, generation, savedAt, files, bytes })
        return { etag }
      },
    ],
    [
      `POST ${INTERNAL_ROUTES.report}`,
      async ({ claims }, body) => {
        const { usedBytes, activeAt, work, unsavedSince } = reportRequestSchema.parse(body)
        await events.reported(claims, {
          ...(usedBytes !== undefined && { usedBytes }),
          ...(activeAt !== undefined && { activeAt }),
          ...(work !== undefined && { work }),
          ...(unsavedSince !== undefined && { unsavedSince }),
        })
        return {}
      },
    ],
    [
      `POST ${INTERNAL_ROUTES.agentCalls}`,
      async ({ repl }, body) => {
        await onAgentCalls?.(repl.replId, agentCallsReportSchema.parse(body).calls)
        return {}
      },
    ],
    ...(agentLinks === undefined ? [] : agentRoutes(agentLinks)),
    ...historyRoutes(history),
  ])
}

function historyRoutes(history: SandboxHistory | undefined): [string, Handler][] {
  if (history === undefined) return []
  return [
    [
      `GET ${INTERNAL_ROUTES.checkpoints}`,
      async ({ repl }): Promise<z.infer<typeof checkpointsResponseSchema>> => ({
        checkpoints: await history.list(repl.replId),
      }),
    ],
    [
      `POST ${INTERNAL_ROUTES.checkpoints}`,
      ({ repl }, body) => history.checkpoint(repl.replId, checkpointRequestSchema.parse(body)),
    ],
    [
      `POST ${INTERNAL_ROUTES.restores}`,
      ({ repl }, body) => history.restore(repl.replId, restoreByIdSchema.parse(body)),
    ],
  ]
}

function agentRoutes(links: NonNullable<InternalApiOptions['agentLinks']>): [string, Handler][] {
  return [
    [`POST ${INTERNAL_ROUTES.agentLinks}`, ({ repl }, body) => links.link(repl.replId, agentLinkSchema.parse(body))],
    [
      `POST ${INTERNAL_ROUTES.agentStops}`,
      async ({ repl }, body) => {
        const { user } = agentStopSchema.parse(body)
        // The sidecar that asks is stopped by it: its call is answered first.
        setImmediate(() => void links.stop(repl.replId, user).catch(() => undefined))
        return {}
      },
    ],
  ]
}

/** The one call before adoption: its token was made with the pod, and says which sandbox it is. */
async function hear(request: IncomingMessage, { tokens, onHello }: InternalApiOptions): Promise<unknown> {
  const { sandbox } = await tokens.verifyBoot(tokenOf(request))
  const hello = helloRequestSchema.parse(await readJson(request, MAX_BODY_BYTES))
  if (hello.sandbox !== sandbox) throw new AppError('forbidden', 'This token is for another sandbox.')
  if (onHello === undefined) throw new AppError('not_found', 'Nobody waits for a hello here.')
  await onHello(sandbox, hello.address)
  return {}
}

function tokenOf(request: IncomingMessage): string {
  const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? []
  if (token === undefined) throw new AppError('unauthenticated', 'A token is needed.')
  return token
}

async function authorize(request: IncomingMessage, { tokens, events }: InternalApiOptions): Promise<Asker> {
  const claims = await tokens.verifyGeneration(tokenOf(request))
  return { claims, repl: await events.authorize(claims) }
}

/** `null`: the store has it. An object's name is its hash, so nobody can put anything else under it. */
async function presignUpload(
  objectStore: ObjectStore,
  repl: WorkspaceRef,
  object: z.infer<typeof uploadsRequestSchema>['objects'][number],
): Promise<z.infer<typeof uploadsResponseSchema>['uploads'][number]> {
  if (!object.name.endsWith(`/${object.sha256}`))
    throw new AppError('bad_request', `${object.name} is not named after its content.`)
  if (object.bytes > MAX_PACK_BYTES) throw new AppError('too_large', `${object.name} is larger than a pack may be.`)
  const key = keyOfObject(repl, object.name)
  const there = await objectStore.head(key)
  if (there?.bytes === object.bytes) return null
  const { url, headers } = await objectStore.presignPut(key, { bytes: object.bytes, sha256: object.sha256 })
  return { url, headers }
}

function bodyLimitOf(path: string): number {
  return path === INTERNAL_ROUTES.agentCalls ? MAX_REPORT_BYTES : MAX_BODY_BYTES
}

async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of request) {
    bytes += part.length
    if (bytes > maxBytes) throw new AppError('too_large', 'The body of this call is too large.')
    parts.push(part)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch (cause) {
    throw new AppError('bad_request', 'The body of this call is not JSON.', { cause })
  }
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(value))
}
