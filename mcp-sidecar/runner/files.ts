import { once } from 'node:events'
import { Metadata } from '@grpc/grpc-js'
import type { ServiceError } from '@grpc/grpc-js'
import type { FileServiceClient, FileVersion, WriteChunk, WriteOptions } from '#wire/gen/runner.ts'
import { ask, listen, toSidecarError } from './call.ts'
import { RUNNER_WRITE_TIMEOUT_MS } from './limits.ts'
import { given } from './processes.ts'
import type { CallOptions, FilesApi, WriteTo } from './runner-api.ts'

const MODES = { content: 1, files: 2, count: 3 } as const
const CHANGES = ['modified', 'created', 'modified', 'deleted'] as const

export function filesApi(client: FileServiceClient): FilesApi {
  return {
    read: async function* read({ path, offset = 0, length = 0 }, options) {
      for await (const { entry, data } of listen(client.read.bind(client), { path, offset, length }, options))
        yield { entry, data }
    },
    readSmall: async ({ path, offset = 0, length = 0 }, options) => {
      const { entry, data } = await ask(client.readSmall.bind(client), { path, offset, length }, options)
      return { entry: given(entry), data }
    },
    write: (to, content, options) => writeStream(client, { to, content }, options),
    writeSmall: (to, content, options) =>
      ask(client.writeSmall.bind(client), { options: optionsOf(to), data: Buffer.from(content) }, options),
    stat: (path, options) => ask(client.stat.bind(client), { path }, options),
    listDir: ({ path, depth = 1, includeIgnored = false, limit = 0, details = false }, options) =>
      ask(client.listDir.bind(client), { path, depth, includeIgnored, limit, details }, options),
    move: ({ from, to, overwrite = false }, options) => ask(client.move.bind(client), { from, to, overwrite }, options),
    delete: ({ path, recursive = false }, options) => ask(client.delete.bind(client), { path, recursive }, options),
    makeDir: (path, options) => ask(client.makeDir.bind(client), { path }, options),
    glob: ({ pattern, path = '', includeIgnored = false, limit = 0 }, options) =>
      ask(client.glob.bind(client), { pattern, path, includeIgnored, limit }, options),
    grep: (query, options) => {
      const { pattern, path = '', glob, mode = 'content', context = 0, limit = 0 } = query
      const { ignoreCase = false, multiline = false, includeIgnored = false } = query
      const flags = { ignoreCase, multiline, includeIgnored }
      const request = {
        pattern,
        path,
        ...(glob !== undefined && { glob }),
        mode: MODES[mode],
        context,
        limit,
        ...flags,
      }
      return ask(client.grep.bind(client), request, options)
    },
    watch: async function* watch(options) {
      for await (const { changes, overflow } of listen(client.watch.bind(client), {}, options))
        yield { changes: changes.map(({ path, kind }) => ({ path, kind: CHANGES[kind] })), overflow }
    },
  }
}

function optionsOf({ path, ifEtag, createOnly = false, executable }: WriteTo): WriteOptions {
  return {
    path,
    createOnly,
    ...(ifEtag !== undefined && { ifEtag }),
    ...(executable !== undefined && { executable }),
  }
}

interface StreamedWrite {
  to: WriteTo
  content: AsyncIterable<Uint8Array>
}

async function writeStream(
  client: FileServiceClient,
  { to, content }: StreamedWrite,
  { signal, timeoutMs = RUNNER_WRITE_TIMEOUT_MS }: CallOptions = {},
): Promise<FileVersion> {
  signal?.throwIfAborted()
  const answer = Promise.withResolvers<FileVersion>()
  let isAnswered = false
  const call = client.write(
    new Metadata(),
    { deadline: Date.now() + timeoutMs },
    (error: ServiceError | null, version: FileVersion) => {
      isAnswered = true
      if (error === null) answer.resolve(version)
      else answer.reject(signal?.aborted === true ? signal.reason : toSidecarError(error))
    },
  )
  // A refusal comes while content is still being sent; it is thrown below.
  answer.promise.catch(() => {})
  const abort = () => call.cancel()
  signal?.addEventListener('abort', abort)
  const send = async (part: WriteChunk['part']) => {
    if (isAnswered || call.write({ part })) return
    await Promise.race([once(call, 'drain'), answer.promise])
  }
  try {
    await send({ $case: 'options', value: optionsOf(to) })
    for await (const data of content) await send({ $case: 'data', value: Buffer.from(data) })
    call.end()
    return await answer.promise
  } catch (error) {
    call.cancel()
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}
