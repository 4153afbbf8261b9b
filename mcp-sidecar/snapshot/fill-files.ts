import type { ChunkRef, FileEntry } from '#snapshot/entry.ts'
import { chunkIn, openFrame } from '#snapshot/pack.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { MAX_TRANSFERS } from '../limits.ts'
import { fetchPack, frameIn } from './fetch-snapshot.ts'
import { createSlices } from './slice.ts'
import type { FileWriter } from './write-files.ts'

/** A chunk and every place it goes to. */
interface WantedChunk {
  ref: ChunkRef
  places: { file: FileEntry; at: number }[]
}

/** Fetches what is in `files` and hands it to `writer`: pack by pack, a few at a time, so that memory holds only those. */
export async function fillFiles(
  files: FileEntry[],
  { controlPlane, writer }: { controlPlane: ControlPlane; writer: FileWriter },
): Promise<void> {
  for (const file of files) if (file.chunks.length === 0) writer.writeEmpty(file)
  const packs = wantedByPack(files).entries()
  const slice = createSlices()
  const failures: unknown[] = []
  const work = async () => {
    for (const [pack, frames] of packs) {
      if (failures.length > 0) return
      const bytes = await fetchPack(controlPlane, pack)
      for (const wanted of frames.values()) {
        const [first] = wanted
        if (first === undefined) continue
        const frame = await openFrame(pack, frameIn(bytes, first.ref))
        for (const { ref, places } of wanted) {
          const chunk = chunkIn(frame, ref)
          const isHole = chunk.every((byte) => byte === 0)
          for (const { file, at } of places) {
            writer.write({ file, at, bytes: chunk, isHole })
            await slice()
          }
        }
      }
    }
  }
  // All of them end before this does: nobody may go on writing into a volume that is emptied for another attempt.
  await Promise.all(Array.from({ length: MAX_TRANSFERS }, () => work().catch((error) => failures.push(error))))
  if (failures.length > 0) throw failures[0]
}

/** Pack → frame → chunks, in the order in which the files first want them. */
function wantedByPack(files: FileEntry[]): Map<string, Map<string, WantedChunk[]>> {
  const packs = new Map<string, Map<string, WantedChunk[]>>()
  const chunks = new Map<string, WantedChunk>()
  for (const file of files) {
    let at = 0
    for (const ref of file.chunks) {
      const place = { file, at }
      at += ref.bytes
      const key = `${ref.sha256} ${ref.pack} ${ref.frameStart} ${ref.offset}`
      const known = chunks.get(key)
      if (known !== undefined) {
        known.places.push(place)
        continue
      }
      const wanted = { ref, places: [place] }
      chunks.set(key, wanted)
      const frames = getOrInsert(packs, ref.pack, () => new Map<string, WantedChunk[]>())
      getOrInsert(frames, `${ref.frameStart} ${ref.frameBytes}`, (): WantedChunk[] => []).push(wanted)
    }
  }
  return packs
}

function getOrInsert<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}
