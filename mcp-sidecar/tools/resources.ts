import { isUtf8 } from 'node:buffer'
import type { CompleteResult, ReadResourceResult, Resource } from '@modelcontextprotocol/server'
import { ResourceNotFoundError } from '@modelcontextprotocol/server'
import { DIFF_PROGRAMS_LEFT, SUBMODULES_LEFT } from '#protocol/harmless-git.ts'
import { MAX_FILE_CALL_BYTES } from '#protocol/tools/limits.ts'
import { staticResources } from '#protocol/tools/resources.ts'
import { FileKind } from '#wire/gen/runner.ts'
import type { CallContext, Completion } from '../mcp/offer.ts'
import { SidecarError } from '../sidecar-error.ts'
import { askGit } from './ask-git.ts'
import { describeSandbox } from './describe-sandbox.ts'
import { mimeTypeOf } from './media-type.ts'
import { handleOf, idOf, statusOf } from './process-view.ts'
import type { ToolRoom } from './run-tool.ts'

const FILE_PREFIX = 'file:///workspace/'
const MAX_COMPLETIONS = 100

/** The address of a file of the workspace. */
export function fileUri(path: string): string {
  return (
    FILE_PREFIX +
    path
      .split('/')
      .map((part) => encodeURIComponent(part))
      .join('/')
  )
}

/** What every REPL has, and the files at its top. */
export async function listResources({ runner }: ToolRoom): Promise<Resource[]> {
  const { entries } = await runner.files.listDir({ path: '.', depth: 1, details: true })
  const files = entries.filter(({ kind }) => kind === FileKind.FILE)
  return [
    ...staticResources,
    ...files.map(({ path, size, mtime }) => ({
      uri: fileUri(path),
      name: path,
      size,
      annotations: { lastModified: new Date(mtime).toISOString() },
    })),
  ]
}

/** Reads a resource; `undefined` for an address that is none of ours. */
export function readResource(
  uri: string,
  { caller, server }: CallContext,
  room: ToolRoom,
): Promise<ReadResourceResult> | undefined {
  const { runner } = room
  const ask = (name: string, args: string[]) =>
    askGit(runner, { args, name, actor: caller.client }, server.mcpReq.signal)
  const text = (content: string, mimeType: string): ReadResourceResult => ({
    contents: [{ uri, mimeType, text: content }],
  })
  const json = (value: unknown) => text(JSON.stringify(value), 'application/json')
  const read = async (work: Promise<ReadResourceResult>) =>
    work.catch((error: unknown) => {
      if (error instanceof SidecarError && ['not_found', 'bad_request', 'forbidden'].includes(error.code))
        throw new ResourceNotFoundError(uri)
      throw error
    })

  if (uri.startsWith(FILE_PREFIX)) return read(readFileResource(uri, room))
  const [, handle] = /^repl:\/\/process\/(p_[a-z0-9]{16})\/log$/.exec(uri) ?? []
  if (handle !== undefined)
    return read(
      runner.processes
        .readOutput({ id: idOf(handle), tailBytes: MAX_FILE_CALL_BYTES, maxBytes: MAX_FILE_CALL_BYTES })
        .then(({ output }) => text(Buffer.concat(output.map(({ data }) => data)).toString('utf8'), 'text/plain')),
    )
  switch (uri) {
    case 'repl://tree':
      return runner.files
        .listDir({ path: '.', depth: 2 })
        .then(({ entries }) =>
          text(
            entries.map(({ path, kind }) => (kind === FileKind.DIRECTORY ? `${path}/` : path)).join('\n'),
            'text/plain',
          ),
        )
    case 'repl://processes':
      return runner.processes.list().then((processes) =>
        json(
          processes.map((each) => ({
            process_id: handleOf(each.processId),
            command: each.command,
            status: statusOf(each),
          })),
        ),
      )
    case 'repl://ports':
      return runner.ports.list().then((ports) => json(ports.map(({ port, command }) => ({ port, command }))))
    case 'repl://environment':
      return describeSandbox(runner, caller.client, server.mcpReq.signal).then(json)
    case 'repl://git/status':
      return ask('git status', ['status', SUBMODULES_LEFT]).then((said) => text(said.text, 'text/plain'))
    case 'repl://git/diff':
      return ask('git diff', ['diff', ...DIFF_PROGRAMS_LEFT, SUBMODULES_LEFT, 'HEAD']).then((said) =>
        text(said.text, 'text/x-diff'),
      )
    default:
      return undefined
  }
}

async function readFileResource(uri: string, { runner }: ToolRoom): Promise<ReadResourceResult> {
  const path = decodePath(uri.slice(FILE_PREFIX.length))
  const { data } = await runner.files.readSmall({ path })
  if (data.length > MAX_FILE_CALL_BYTES)
    throw new SidecarError(
      'too_large',
      `${path} is larger than ${MAX_FILE_CALL_BYTES} bytes: read_file gives a link to it.`,
    )
  const bytes = Buffer.from(data)
  if (isUtf8(bytes) && !bytes.includes(0))
    return { contents: [{ uri, mimeType: 'text/plain', text: bytes.toString('utf8') }] }
  return { contents: [{ uri, mimeType: mimeTypeOf(bytes), blob: bytes.toString('base64') }] }
}

function decodePath(encoded: string): string {
  try {
    return decodeURIComponent(encoded)
  } catch (cause) {
    throw new SidecarError('bad_request', 'This is not the address of a file.', { cause })
  }
}

/** Paths that begin with what was typed. */
export async function completePath({ ref, argument }: Completion, { runner }: ToolRoom): Promise<CompleteResult> {
  const isPath = argument.name === 'path' && (ref.type === 'ref/resource' || ref.name === 'write_tests')
  if (!isPath) return { completion: { values: [] } }
  const folder = argument.value.slice(0, argument.value.lastIndexOf('/') + 1)
  const listed = await runner.files.listDir({ path: folder === '' ? '.' : folder, depth: 1 }).catch(() => undefined)
  const values = (listed?.entries ?? [])
    .map(({ path, kind }) => (kind === FileKind.DIRECTORY ? `${path}/` : path))
    .filter((path) => path.startsWith(argument.value))
  return {
    completion: {
      values: values.slice(0, MAX_COMPLETIONS),
      total: values.length,
      hasMore: values.length > MAX_COMPLETIONS,
    },
  }
}
