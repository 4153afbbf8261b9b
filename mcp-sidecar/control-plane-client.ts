import type { IncomingMessage } from 'node:http'
import * as z from 'zod'
import {
  INTERNAL_ROUTES,
  commitResponseSchema,
  downloadsResponseSchema,
  headResponseSchema,
  uploadsResponseSchema,
} from '#protocol/adoption.ts'
import type { AtHand, commitRequestSchema, reportRequestSchema } from '#protocol/adoption.ts'
import { wireErrorSchema } from '#protocol/errors.ts'
import type { WireError } from '#protocol/errors.ts'
import { createCaller, readBody } from './http-call.ts'
import type { Call, Caller } from './http-call.ts'
import { jsonOrNothing } from './json-or-nothing.ts'
import {
  MAX_ANSWER_BYTES,
  MAX_KNOWN_URLS,
  MAX_URLS_PER_CALL,
  MAX_WAITING_CALLS,
  TRANSFER_TIMEOUT_MS,
} from './limits.ts'
import { withRetries } from './retry.ts'
import { SidecarError } from './sidecar-error.ts'
import { Turns } from '#wire/turns.ts'

/** What the sidecar asks of the control plane, with its generation's token. Faults that may pass are retried inside. */
export interface ControlPlane extends Disposable {
  head(): Promise<z.infer<typeof headResponseSchema>>
  /** Brings an object into the store unless it is there. */
  upload(name: string, bytes: Uint8Array): Promise<void>
  /** The object's bytes, or a part of them (inclusive, RFC 9110 §14), at most `maxBytes`; unchecked. */
  download(name: string, part: DownloadPart): Promise<Buffer>
  /** Asks where objects are before they are needed, so that fetching them soon takes one call less. */
  announceDownloads(names: string[]): Promise<void>
  /** The head's new version. `conflict`: the head moved, or this generation is over. `gone`: a pack is missing. */
  commit(request: z.infer<typeof commitRequestSchema>): Promise<string>
  report(report: z.infer<typeof reportRequestSchema>): Promise<void>
  /** Any other call, its answer parsed. */
  readonly ask: Ask
}

/** One call to the control plane, tried again where that may help. */
export type Ask = <T extends z.ZodType>(call: AskCall, schema: T) => Promise<z.infer<T>>

interface AskCall extends Pick<Call, 'method' | 'path' | 'signal' | 'timeoutMs'> {
  json?: unknown
  /** Not sent again: the control plane may go on with what it does not answer, and twice is not the same as once. */
  isOnce?: boolean
}

interface DownloadPart {
  maxBytes: number
  range?: { first: number; last: number } | undefined
  /** Gives the buffer that the bytes come to lie in. */
  allocate?: ((bytes: number) => Buffer) | undefined
}

type Presigned = z.infer<typeof downloadsResponseSchema>['downloads'][number]

/**
 * `token` stays in this closure: it is written nowhere, and goes to the control plane only, never to the store. What is
 * `atHand` is not asked for.
 */
export function createControlPlane(caller: Caller, token: string, atHand?: AtHand): ControlPlane {
  const others = new Map<string, Caller>()

  const ask = async <T extends z.ZodType>(call: AskCall & Pick<Call, 'onSent'>, schema: T) => {
    const { json, isOnce: _, ...rest } = call
    const answer = await caller.stream({
      ...rest,
      headers: { authorization: `Bearer ${token}`, ...(json !== undefined && { 'content-type': 'application/json' }) },
      ...(json !== undefined && { body: Buffer.from(JSON.stringify(json)) }),
    })
    const body = await readBody(answer, MAX_ANSWER_BYTES)
    if (!isSuccess(answer)) throw controlPlaneError(answer, body)
    return schema.parse(body.length === 0 ? undefined : JSON.parse(body.toString('utf8')))
  }
  const post = <T extends z.ZodType>(path: string, json: unknown, schema: T) =>
    withRetries(() => ask({ method: 'POST', path, json }, schema))

  const waiting = new Turns(MAX_WAITING_CALLS)
  const askOnce: Ask = async (call, schema) => {
    let isSent = false
    const onSent = () => {
      isSent = true
    }
    try {
      return await waiting.run(() =>
        withRetries(
          () => ask({ ...call, onSent }, schema),
          call.signal,
          () => isSent,
        ),
      )
    } catch (error) {
      if (!isSent || !(error instanceof SidecarError) || error.code !== 'unavailable') throw error
      throw new SidecarError('unavailable', error.message, {
        advice: error.advice ?? 'It may be carried out all the same: look before you ask for it again.',
        cause: error,
      })
    }
  }

  /** A pre-signed transfer: by the control plane itself where the URL is relative. */
  const transfer = async (
    presigned: Presigned,
    { headers, ...call }: { method: string; body?: Uint8Array; headers?: Record<string, string> },
  ) => {
    const isOwn = presigned.url.startsWith('/')
    const url = isOwn ? undefined : new URL(presigned.url)
    const via = url === undefined ? caller : callerFor(others, url.origin)
    const path = url === undefined ? presigned.url : `${url.pathname}${url.search}`
    const answer = await via.stream({
      ...call,
      path,
      headers: { ...presigned.headers, ...headers },
      timeoutMs: TRANSFER_TIMEOUT_MS,
    })
    if (isSuccess(answer)) return answer
    const body = await readBody(answer, MAX_ANSWER_BYTES)
    throw storeError(answer, body)
  }

  const announced = new Map<string, Presigned>(atHand?.downloads.map(({ name, ...where }) => [name, where]))
  /** The one that was not used for the longest time gives way. */
  const keep = (name: string, presigned: Presigned) => {
    announced.set(name, presigned)
    const [oldest] = announced.keys()
    if (announced.size > MAX_KNOWN_URLS && oldest !== undefined) announced.delete(oldest)
  }
  const contents = new Map(atHand?.contents.map(({ name, content }) => [name, content]))
  const askForDownloads = async (names: string[]) => {
    const json = { objects: names }
    const asked = await ask({ method: 'POST', path: INTERNAL_ROUTES.downloads, json }, downloadsResponseSchema)
    return asked.downloads
  }

  return {
    head: () => withRetries(() => ask({ method: 'GET', path: INTERNAL_ROUTES.head }, headResponseSchema)),
    upload: (name, bytes) =>
      withRetries(async () => {
        const sha256 = name.slice(name.indexOf('/') + 1)
        const json = { objects: [{ name, bytes: bytes.length, sha256 }] }
        const asked = await ask({ method: 'POST', path: INTERNAL_ROUTES.uploads, json }, uploadsResponseSchema)
        const [presigned] = asked.uploads
        if (presigned === undefined) throw new SidecarError('internal', 'The control plane gave no upload URL.')
        if (presigned === null) return
        const answer = await transfer(presigned, { method: 'PUT', body: bytes })
        await readBody(answer, MAX_ANSWER_BYTES)
      }),
    download: (name, { maxBytes, range, allocate }) =>
      withRetries(async () => {
        const content = contents.get(name)
        if (content !== undefined) return partOf(Buffer.from(content, 'base64'), { range, allocate })
        const presigned = announced.get(name) ?? (await askForDownloads([name]))[0]
        // Used again only if it served: one that fails may have expired.
        announced.delete(name)
        if (presigned === undefined) throw new SidecarError('internal', 'The control plane gave no download URL.')
        const headers = range === undefined ? {} : { range: `bytes=${range.first}-${range.last}` }
        const body = await readBody(await transfer(presigned, { method: 'GET', headers }), maxBytes, allocate)
        keep(name, presigned)
        return body
      }),
    announceDownloads: async (names) => {
      const first = names.filter((name) => !announced.has(name) && !contents.has(name)).slice(0, MAX_URLS_PER_CALL)
      if (first.length === 0) return
      const presigned = await withRetries(() => askForDownloads(first))
      for (const [at, each] of presigned.entries()) keep(first[at] ?? '', each)
    },
    commit: async (request) => (await post(INTERNAL_ROUTES.commit, request, commitResponseSchema)).etag,
    report: async (report) =>
      void (await ask({ method: 'POST', path: INTERNAL_ROUTES.report, json: report }, z.unknown())),
    ask: (call, schema) =>
      call.isOnce === true ? askOnce(call, schema) : withRetries(() => ask(call, schema), call.signal),
    [Symbol.dispose]: () => {
      for (const each of others.values()) each[Symbol.dispose]()
    },
  }
}

function partOf(
  bytes: Buffer,
  { range, allocate = (size) => Buffer.alloc(size) }: Omit<DownloadPart, 'maxBytes'>,
): Buffer {
  const part = range === undefined ? bytes : bytes.subarray(range.first, range.last + 1)
  // What is given may be larger than what was asked for.
  const own = allocate(part.length).subarray(0, part.length)
  part.copy(own)
  return own
}

function callerFor(callers: Map<string, Caller>, origin: string): Caller {
  const known = callers.get(origin)
  if (known !== undefined) return known
  const made = createCaller({ url: origin })
  callers.set(origin, made)
  return made
}

function isSuccess(answer: IncomingMessage): boolean {
  return answer.statusCode !== undefined && answer.statusCode >= 200 && answer.statusCode < 300
}

/** What our own routes say went wrong. */
function toldIn(body: Buffer): WireError | undefined {
  return z.object({ error: wireErrorSchema }).safeParse(jsonOrNothing(body.toString('utf8'))).data?.error
}

function controlPlaneError(answer: IncomingMessage, body: Buffer): SidecarError {
  const told = toldIn(body)
  if (told !== undefined) {
    const { code, message, advice } = told
    // `internal` is what the control plane says of a fault it does not know; it may pass like any other 5xx.
    return new SidecarError(code === 'internal' ? 'unavailable' : code, message, { advice })
  }
  return new SidecarError('unavailable', `The control plane answered ${answer.statusCode}.`)
}

/** 403 and 412 among them: a pre-signed URL that expired is asked for anew by the next attempt. */
function storeError(answer: IncomingMessage, body: Buffer): SidecarError {
  if (answer.statusCode === 404)
    return new SidecarError('not_found', 'The object store lacks an object of this snapshot.')
  if (answer.statusCode === 416)
    return new SidecarError('not_found', 'The object store lacks a part of an object of this snapshot.')
  // The control plane itself, where it keeps the objects: a disk that is full, in words for people.
  const told = toldIn(body)
  if (told !== undefined) return new SidecarError('unavailable', told.message, { advice: told.advice })
  const detail = body.toString('utf8').replaceAll(/\s+/g, ' ').slice(0, 200)
  return new SidecarError('unavailable', `The object store answered ${answer.statusCode}: ${detail}`)
}
