import { chmod, stat } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type * as wire from '#wire/gen/runner.ts'
import { RunnerError } from '../errors.ts'
import { writeFileAtomically } from '../files/write.ts'
import type { AtomicWrite, Precondition } from '../files/write.ts'
import { MAX_SMALL_FILE_BYTES } from './limits.ts'
import type { Places } from './places.ts'

/** A small file at once. */
export async function writeBytes(
  places: Places,
  { options, data, tellReplaced }: wire.WriteSmallRequest,
): Promise<wire.FileVersion> {
  return write(places, options, {
    content: data,
    ...(tellReplaced && { tellReplaced: MAX_SMALL_FILE_BYTES }),
  })
}

/** Options first, then content of any size. A caller that hangs up midway leaves what was there. */
export async function writeStream(places: Places, parts: AsyncIterable<wire.WriteChunk>): Promise<wire.FileVersion> {
  const iterator = parts[Symbol.asyncIterator]()
  const first = await iterator.next()
  const options = first.done !== true && first.value.part?.$case === 'options' ? first.value.part.value : undefined
  const content = async (handle: FileHandle) => {
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
      if (next.value.part?.$case !== 'data')
        throw new RunnerError('bad_request', 'After the options, only content may come.')
      await handle.writeFile(next.value.part.value)
    }
  }
  return write(places, options, { content })
}

async function write(
  places: Places,
  options: wire.WriteOptions | undefined,
  how: Pick<AtomicWrite, 'content' | 'tellReplaced'>,
): Promise<wire.FileVersion> {
  if (options === undefined) throw new RunnerError('bad_request', 'A write must say first where it goes.')
  const place = places.toWrite(options.path)
  const { etag, size, mtime, isNew, replaced } = await writeFileAtomically(place.folder, {
    path: place.path,
    ifMatch: conditionOf(options),
    ...how,
  })
  if (options.executable !== undefined) {
    const target = place.folder.resolve(place.path)
    const { mode } = await stat(target)
    await chmod(target, options.executable ? mode | 0o111 : mode & ~0o111)
  }
  return { path: places.nameOf(place), etag, size, mtime, created: isNew, replaced }
}

function conditionOf({ ifEtag, createOnly }: wire.WriteOptions): Precondition {
  if (createOnly) return 'absent'
  return ifEtag === undefined ? 'any' : { etag: ifEtag }
}
