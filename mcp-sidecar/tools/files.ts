import { isUtf8 } from 'node:buffer'
import { posix } from 'node:path'
import type { AgentClaims } from '#protocol/claims.ts'
import { isWorkspacePath } from '#protocol/paths.ts'
import * as definitions from '#protocol/tools/files.ts'
import { MAX_IMAGE_BYTES } from '#protocol/tools/limits.ts'
import type { FileEntry } from '#wire/gen/runner.ts'
import { FileKind } from '#wire/gen/runner.ts'
import type { RunnerApi } from '../runner/runner-api.ts'
import { assertNotOfGit } from '../runner/git-folder.ts'
import { SidecarError } from '../sidecar-error.ts'
import { imageTypeOf, mimeTypeOf } from './media-type.ts'
import { MAX_TEXT_BYTES } from './limits.ts'
import { count, cutLines } from './output.ts'
import { Question, recordTool, textTool } from './tool.ts'
import { unifiedDiff } from './unified-diff.ts'

/** The text of a file with its etag; refuses what is none, or too large to be edited in a call. */
export async function readText(runner: RunnerApi, path: string): Promise<{ text: string; entry: FileEntry }> {
  const { entry, data } = await runner.files.readSmall({ path }).catch(explainLarge(path))
  if (!isText(data)) throw binary(path, data)
  return { text: Buffer.from(data).toString('utf8'), entry }
}

export const readFile = textTool(definitions.readFile, async (args, { runner, control, caller }) => {
  const { path } = args
  if (args.link) {
    const entry = await runner.files.stat(path)
    const { url } = await control.fileLink({ path: inWorkspace(entry.path), method: 'GET', ...holderOf(caller) })
    return { text: `${url}\n[GET it within 15 minutes · ${count(entry.size)} bytes]` }
  }
  const { entry, data } = await runner.files.readSmall({ path }).catch(explainLarge(path))
  const imageType = imageTypeOf(data)
  if (imageType !== undefined) {
    if (data.length > MAX_IMAGE_BYTES) throw tooLarge(path, data.length)
    const image = { data: Buffer.from(data).toString('base64'), mimeType: imageType }
    return {
      text: `[${imageType} · ${count(data.length)} bytes · etag ${entry.etag}]`,
      image,
      meta: { etag: entry.etag },
    }
  }
  if (!isText(data)) throw binary(path, data)
  return numbered(Buffer.from(data).toString('utf8'), entry, args)
})

interface Window {
  offset: number
  limit: number
  max_chars: number
}

function numbered(text: string, entry: FileEntry, { offset, limit, max_chars: maxChars }: Window) {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  if (offset > Math.max(1, lines.length))
    throw new SidecarError('bad_request', `${entry.path} has ${lines.length} lines only.`, {
      advice: 'Choose a smaller offset.',
    })
  const shown: string[] = []
  let chars = 0
  for (const line of lines.slice(offset - 1, offset - 1 + limit)) {
    const numberedLine = cutLines(`${String(offset + shown.length).padStart(6)}\t${line.replace(/\r$/, '')}`)
    chars += numberedLine.length + 1
    if (chars > maxChars && shown.length > 0) break
    shown.push(numberedLine)
  }
  const last = offset + shown.length - 1
  const more = last < lines.length ? ` · offset ${last + 1} reads on` : ''
  const range = lines.length === 0 ? 'empty file' : `lines ${offset}–${last} of ${lines.length}`
  const trailer = `[${range}${more} · etag ${entry.etag}]`
  return {
    text: [...shown, trailer].join('\n'),
    meta: { etag: entry.etag, total_lines: lines.length, last_line: last },
  }
}

export const writeFile = recordTool(definitions.writeFile, async (args, { runner, control, caller, note }) => {
  const { path, content } = args
  if (args.link === (content !== undefined))
    throw new SidecarError('bad_request', 'Give either content, or link.', {
      advice: 'content writes the file now; link answers with a URL to PUT it to.',
    })
  if (args.link && (args.create_only || args.if_etag !== undefined))
    throw new SidecarError('bad_request', 'create_only and if_etag do not go with link.', {
      advice: 'Leave them out: what is put to the URL replaces what lies there.',
    })
  if (content === undefined) {
    if (!caller.scopes.includes('repl:exec')) assertNotOfGit(inWorkspace(path))
    const { url } = await control.fileLink({ path: inWorkspace(path), method: 'PUT', ...holderOf(caller) })
    return { path, upload_url: url }
  }
  const version = await runner.files
    .writeSmall(
      {
        path,
        ...(args.if_etag !== undefined && { ifEtag: args.if_etag }),
        createOnly: args.create_only,
        tellReplaced: true,
        ...(args.executable !== undefined && { executable: args.executable }),
      },
      Buffer.from(content),
    )
    .catch(explainConflict(runner, path))
  note({ diff: unifiedDiff(version.path, textOf(version.replaced), content) })
  return { path: version.path, bytes: version.size, created: version.created, etag: version.etag }
})

/** What a text file held; of anything else nothing. */
function textOf(data: Uint8Array | undefined): string {
  return data !== undefined && isText(data) ? Buffer.from(data).toString('utf8') : ''
}

export const listDir = recordTool(definitions.listDir, async (args, { runner }) => {
  const { root, entries, truncated } = await runner.files.listDir({
    path: args.path,
    depth: args.depth,
    includeIgnored: args.include_ignored,
    limit: args.limit,
    details: true,
  })
  return {
    root,
    entries: entries.map((entry) => ({
      path: entry.path,
      type: typeOf(entry),
      size: entry.size,
      mtime: new Date(entry.mtime).toISOString(),
    })),
    truncated,
  }
})

export const movePath = recordTool(definitions.movePath, async ({ from, to, overwrite }, { runner }) => {
  const before = overwrite ? await runner.files.stat(to).catch(() => undefined) : undefined
  const entry = await runner.files.move({ from, to, overwrite })
  return { from, to: entry.path, overwritten: before !== undefined }
})

export const deletePath = recordTool(definitions.deletePath, async ({ path, recursive }, { runner, person }) => {
  if (person === 'refused')
    throw new SidecarError('forbidden', `The person did not agree that ${path} is deleted with all in it.`, {
      advice: 'Ask them what they want instead.',
    })
  try {
    const { count: deleted } = await runner.files.delete({ path, recursive: recursive || person === 'agreed' })
    return { path, deleted_count: deleted }
  } catch (error) {
    if (!(error instanceof SidecarError) || error.code !== 'conflict' || recursive) throw error
    if (person === 'can be asked') return new Question(`${error.message} Delete it with all in it?`)
    throw new SidecarError('conflict', error.message, {
      advice: 'Set recursive to delete it with all in it, if that is meant.',
      cause: error,
    })
  }
})

/** Who may use a link. */
function holderOf({ sub, connection }: AgentClaims): { user: string; connection: string } {
  return { user: sub, connection }
}

/** A path as links name it: relative to the workspace, which is where they lead. */
function inWorkspace(path: string): string {
  const relative = posix.normalize(path).replace(/^\/workspace\/|^\.\//, '')
  if (relative !== '.' && isWorkspacePath(relative)) return relative
  throw new SidecarError('bad_request', `${path} is not in the workspace: links lead there only.`, {
    advice: 'Use a path relative to the workspace; move or copy the file there with exec.',
  })
}

/** Says what lies there now, so that the next attempt can be right. */
export function explainConflict(runner: RunnerApi, path: string): (error: unknown) => Promise<never> {
  return async (refused) => {
    if (!(refused instanceof SidecarError) || refused.code !== 'conflict') throw refused
    const now = await runner.files.stat(path).catch(() => undefined)
    const etag = now === undefined ? 'it does not exist now' : `its etag is ${now.etag} now`
    throw new SidecarError('conflict', `${refused.message} Nothing was written; ${etag}.`, {
      advice: 'Read it again, then decide what to write.',
      cause: refused,
    })
  }
}

function explainLarge(path: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof SidecarError) || error.code !== 'too_large') throw error
    throw new SidecarError('too_large', `${path} is larger than ${count(MAX_TEXT_BYTES)} bytes.`, {
      advice: 'Read a part of it with exec (head, tail, sed -n), search it with grep, or set link to download it.',
      cause: error,
    })
  }
}

function tooLarge(path: string, bytes: number): SidecarError {
  return new SidecarError('too_large', `${path} is an image of ${count(bytes)} bytes, too large to be shown.`, {
    advice: `Make it smaller than ${count(MAX_IMAGE_BYTES)} bytes, or set link to download it.`,
  })
}

function binary(path: string, data: Uint8Array): SidecarError {
  return new SidecarError('not_supported', `${path} is not text: ${mimeTypeOf(data)}, ${count(data.length)} bytes.`, {
    advice: 'Look at it with exec (file, xxd, strings), or set link to download it.',
  })
}

/** NUL is valid UTF-8, and yet such a file is no text. */
function isText(data: Uint8Array): boolean {
  return isUtf8(data) && !data.includes(0)
}

function typeOf({ kind }: FileEntry): 'file' | 'directory' | 'symlink' | 'other' {
  if (kind === FileKind.FILE) return 'file'
  if (kind === FileKind.DIRECTORY) return 'directory'
  return kind === FileKind.SYMLINK ? 'symlink' : 'other'
}
