import { FileServiceDefinition, Reach } from '#wire/gen/runner.ts'
import type { WriteChunk, WriteOptions } from '#wire/gen/runner.ts'
import type { ServiceCalls } from './call.ts'
import { assertNotOfGit } from './git-folder.ts'
import { RUNNER_WRITE_TIMEOUT_MS } from './limits.ts'
import { given } from './processes.ts'
import type { FilesApi, ReadReach, WriteTo } from './runner-api.ts'

const { methods } = FileServiceDefinition
const MODES = { content: 1, files: 2, count: 3 } as const
const REACHES = { workspace: Reach.WORKSPACE, writable: Reach.WRITABLE, anywhere: Reach.ANYWHERE } as const
const CHANGES = ['modified', 'created', 'modified', 'deleted'] as const

export function filesApi(calls: ServiceCalls, within: ReadReach): FilesApi {
  const reach = REACHES[within]
  /** Who may run programs may say which ones Git runs. */
  const assertMayChange = (...paths: string[]) => {
    if (within !== 'anywhere') for (const path of paths) assertNotOfGit(path)
  }
  return {
    read: async function* read({ path, offset = 0, length = 0 }, options) {
      for await (const { entry, data } of calls.listen(methods.read, { path, offset, length, reach }, options))
        yield { entry, data }
    },
    readSmall: async ({ path, offset = 0, length = 0 }, options) => {
      const { entry, data } = await calls.ask(methods.readSmall, { path, offset, length, reach }, options)
      return { entry: given(entry), data }
    },
    write: async (to, content, options) => {
      assertMayChange(to.path)
      return calls.send(methods.write, partsOf(to, content), { timeoutMs: RUNNER_WRITE_TIMEOUT_MS, ...options })
    },
    writeSmall: async (to, content, options) => {
      assertMayChange(to.path)
      return calls.ask(
        methods.writeSmall,
        { options: optionsOf(to), data: Buffer.from(content), tellReplaced: to.tellReplaced ?? false },
        options,
      )
    },
    stat: (path, options) => calls.ask(methods.stat, { path, reach }, options),
    listDir: ({ path, depth = 1, includeIgnored = false, limit = 0, details = false }, options) =>
      calls.ask(methods.listDir, { path, depth, includeIgnored, limit, details, reach }, options),
    move: async ({ from, to, overwrite = false }, options) => {
      assertMayChange(from, to)
      return calls.ask(methods.move, { from, to, overwrite }, options)
    },
    delete: async (what, options) => {
      assertMayChange(what.path)
      return calls.ask(methods.delete, { recursive: false, ...what }, options)
    },
    makeDir: async (path, options) => {
      assertMayChange(path)
      return calls.ask(methods.makeDir, { path }, options)
    },
    glob: ({ pattern, path = '', includeIgnored = false, limit = 0 }, options) =>
      calls.ask(methods.glob, { pattern, path, includeIgnored, limit, reach }, options),
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
        reach,
        ...flags,
      }
      return calls.ask(methods.grep, request, options)
    },
    watch: async function* watch(options) {
      for await (const { changes, overflow } of calls.listen(methods.watch, {}, options))
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

async function* partsOf(to: WriteTo, content: AsyncIterable<Uint8Array>): AsyncGenerator<WriteChunk> {
  yield { part: { $case: 'options', value: optionsOf(to) } }
  for await (const data of content) yield { part: { $case: 'data', value: Buffer.from(data) } }
}
