import { readFile, readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { byteStringOf } from '#snapshot/byte-string.ts'
import type { FileEntry, SnapshotEntry } from '#snapshot/entry.ts'
import { sha256 } from '#snapshot/hash.ts'
import { CHUNK_BYTES } from '#snapshot/limits.ts'
import { PackBuilder } from '#snapshot/pack.ts'
import type { Pack } from '#snapshot/pack.ts'
import { sealSnapshot } from '#snapshot/seal-snapshot.ts'
import { compareEntries } from '#snapshot/tree-order.ts'
import { AppError } from '#server/errors.ts'
import { MAX_TEMPLATE_BYTES } from '#server/workspaces/template.ts'
import type { Template } from '#server/workspaces/template.ts'

/** A template's files as an ordinary snapshot: there is one way into a workspace, and it is restore. */
export interface EncodedTemplate {
  packs: { sha256: string; bytes: Buffer }[]
  manifest: { sha256: string; bytes: Buffer }
  files: number
  bytes: number
}

type PlainFile = Omit<FileEntry, 'chunks'> & { chunks: string[] }

/** Reads and encodes a template's files. Symlinks and anything else but files and folders are refused. */
export async function encodeTemplate(template: Template): Promise<EncodedTemplate> {
  const builder = new PackBuilder()
  const entries = await readEntries(template, builder)
  const packs: Pack[] = []
  const data = await builder.seal()
  if (data !== undefined) packs.push(data)
  const placed = entries
    .map((entry): SnapshotEntry => (entry.type === 'file' ? { ...entry, chunks: refsOf(entry, data) } : entry))
    .sort(compareEntries)
  const sealed = await sealSnapshot(placed, {
    known: new Map(),
    packBytes: new Map(packs.map((pack) => [pack.sha256, pack.bytes.length])),
    store: async (pack) => void packs.push(pack),
  })
  return {
    packs: packs.map((pack) => ({ sha256: pack.sha256, bytes: pack.bytes })),
    manifest: sealed.manifest,
    files: sealed.files,
    bytes: sealed.bytes,
  }
}

async function readEntries(
  { key, filesDir }: Template,
  builder: PackBuilder,
): Promise<(PlainFile | Exclude<SnapshotEntry, FileEntry>)[]> {
  const top = await stat(filesDir)
  const folder = { type: 'directory', mode: 0o755 } as const
  const entries: (PlainFile | Exclude<SnapshotEntry, FileEntry>)[] = [
    { ...folder, root: 'workspace', path: '', mtime: Math.floor(top.mtimeMs) },
    { ...folder, root: 'home', path: '', mtime: Math.floor(top.mtimeMs) },
  ]
  let bytes = 0
  for (const found of await readdir(filesDir, { recursive: true, withFileTypes: true })) {
    const place = join(found.parentPath, found.name)
    const stats = await stat(place)
    const base = {
      root: 'workspace',
      path: byteStringOf(relative(filesDir, place)),
      mtime: Math.floor(stats.mtimeMs),
    } as const
    if (found.isDirectory()) entries.push({ ...base, ...folder })
    else if (found.isFile()) {
      bytes += stats.size
      if (bytes > MAX_TEMPLATE_BYTES) throw tooLarge(key)
      const content = await readFile(place)
      // Only what git keeps of a mode: whether it can be executed.
      const mode = (stats.mode & 0o100) === 0 ? 0o644 : 0o755
      entries.push({ ...base, type: 'file', mode, size: content.length, chunks: addChunks(content, builder) })
    } else throw new AppError('bad_request', `Template ${key}: ${base.path} is neither a file nor a folder.`)
  }
  return entries
}

function addChunks(content: Buffer, builder: PackBuilder): string[] {
  const names: string[] = []
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    const chunk = content.subarray(at, at + CHUNK_BYTES)
    const name = sha256(chunk)
    builder.add(name, chunk)
    names.push(name)
  }
  return names
}

function refsOf(file: PlainFile, pack: Pack | undefined): FileEntry['chunks'] {
  return file.chunks.map((name) => {
    const ref = pack?.refs.get(name)
    if (ref === undefined) throw new Error(`chunk ${name} is in no pack`)
    return ref
  })
}

function tooLarge(key: string): AppError {
  return new AppError('too_large', `Template ${key} is larger than ${MAX_TEMPLATE_BYTES / 1024 ** 2} MiB.`, {
    advice: 'Leave out what the template can install or build when it runs.',
  })
}
