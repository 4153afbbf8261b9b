import type * as wire from '#wire/gen/runner.ts'
import type { Entry } from '#protocol/messages.ts'
import { RunnerError } from '../errors.ts'
import { statEntry } from '../files/entries.ts'
import { makeFolder, move } from '../files/move.ts'
import type { OpenedSandbox } from '../opened-sandbox.ts'
import { countBelow } from './count-below.ts'
import { follow } from './follow.ts'
import { MAX_COUNTED_ENTRIES } from './limits.ts'
import { listTree } from './list-tree.ts'
import { moveOver } from './move-over.ts'
import { Places } from './places.ts'
import type { Place } from './places.ts'
import { readPieces, readWhole } from './read-file.ts'
import { remove } from './remove.ts'
import { findByGlob, findByGrep } from './search.ts'
import type { FileHandlers } from './services.ts'
import { writeBytes, writeStream } from './write-file.ts'

export const KINDS = { file: 1, directory: 2, symlink: 3, other: 4 } as const satisfies Record<
  Entry['type'],
  wire.FileKind
>
const CHANGES = { created: 1, modified: 2, deleted: 3 } as const

/** Files, as agents see them. */
export function fileHandlers(opened: () => OpenedSandbox): FileHandlers {
  let known: { sandbox: OpenedSandbox; places: Places } | undefined
  const reading = () => {
    const sandbox = opened()
    if (known?.sandbox !== sandbox) known = { sandbox, places: new Places(sandbox.workspace) }
    return known
  }
  const writing = async () => {
    const { sandbox, places } = reading()
    sandbox.assertRunning('agent')
    await sandbox.assertSpace()
    return { sandbox, places }
  }
  const describe = async (places: Places, place: Place): Promise<wire.FileEntry> => {
    const { entry, etag } = await statEntry(place.folder, place.path)
    return fileEntry(places.nameOf(place), entry, etag)
  }
  return {
    read: (request) => readPieces(reading().places, request),
    readSmall: (request) => readWhole(reading().places, request),
    write: async (parts) => writeStream((await writing()).places, parts),
    writeSmall: async (request) => writeBytes((await writing()).places, request),
    stat: async (request) => {
      const { places } = reading()
      return describe(places, places.toRead(request))
    },
    listDir: async (request) => listTree(reading().places, request),
    move: async ({ from, to, overwrite }) => {
      const { sandbox, places } = await writing()
      const [source, target] = [places.toWrite(from), places.toWrite(to)]
      if (source.folder !== target.folder)
        throw new RunnerError('bad_request', `${from} and ${to} lie in different places.`, { advice: 'Copy it with cp, then delete it.' }) // prettier-ignore
      if (overwrite) await moveOver(sandbox, { source, target })
      else await move(source.folder, { from: source.path, to: target.path })
      return describe(places, target)
    },
    delete: async ({ path, recursive, ifEtag }) => {
      const { sandbox, places } = reading()
      sandbox.assertRunning('agent')
      const place = places.toWrite(path)
      const count = await countBelow(place.folder.locate(place.path), path, MAX_COUNTED_ENTRIES)
      if (count > 1 && !recursive) {
        throw new RunnerError('conflict', `${path} is a folder with ${count - 1} entries in it.`, {
          path,
          advice: 'Delete it recursively, if that is meant.',
        })
      }
      if (ifEtag !== undefined && (await describe(places, place)).etag !== ifEtag)
        throw new RunnerError('conflict', `${path} has changed, so it was not deleted.`, {
          path,
          advice: 'Read it again, then decide.',
        })
      return { deletion: await remove(sandbox, place), count }
    },
    makeDir: async ({ path }) => {
      const { places } = await writing()
      const place = places.toWrite(path)
      await makeFolder(place.folder, place.path)
      return describe(places, place)
    },
    glob: async (request, call) => {
      const { sandbox, places } = reading()
      return findByGlob({ search: sandbox.search, places }, request, call)
    },
    grep: async (request, call) => {
      const { sandbox, places } = reading()
      return findByGrep({ search: sandbox.search, places }, request, call)
    },
    watch: (_request, { signal }) => {
      const { sandbox } = reading()
      let waiting: wire.Changes[] = []
      const take = () => {
        const items = waiting
        waiting = []
        return { items, next: 'wait' as const }
      }
      const subscribe = (listener: () => void) =>
        sandbox.onFilesChanged(({ changes, overflow }) => {
          // A reader that is slow hears that it missed something.
          if (waiting.length > MAX_WAITING_CHANGES) waiting = [{ changes: [], overflow: true }]
          else waiting.push({ changes: changes.map(({ path, kind }) => ({ path, kind: CHANGES[kind] })), overflow })
          listener()
        })
      return follow(subscribe, take, signal)
    },
  }
}

const MAX_WAITING_CHANGES = 100

export function fileEntry(path: string, entry: Entry, etag: string): wire.FileEntry {
  const { type, size, mtime, mode } = entry
  return { path, kind: KINDS[type], size, mtime, mode, etag: type === 'file' ? etag : '', ignored: false }
}
