import type { ChunkRef, FileEntry } from '#snapshot/entry.ts'
import type { ControlPlane } from '../control-plane-client.ts'
import { fetchChunks } from './fetch-chunks.ts'
import { createSlices } from './slice.ts'
import type { FileWriter } from './write-files.ts'

interface FillOptions {
  controlPlane: ControlPlane
  packBytes: ReadonlyMap<string, number>
  writer: FileWriter
  /** Something was written. */
  onProgress?: () => void
}

/** Fetches what is in `files` and hands it to `writer`. A chunk is fetched once, wherever it goes. */
export async function fillFiles(
  files: FileEntry[],
  { controlPlane, packBytes, writer, onProgress }: FillOptions,
): Promise<void> {
  const slice = createSlices()
  const places = new Map<string, { ref: ChunkRef; places: { file: FileEntry; at: number }[] }>()
  for (const file of files) {
    if (file.chunks.length === 0) writer.writeEmpty(file)
    let at = 0
    for (const ref of file.chunks) {
      const wanted = places.get(ref.sha256)
      if (wanted === undefined) places.set(ref.sha256, { ref, places: [{ file, at }] })
      else wanted.places.push({ file, at })
      at += ref.bytes
    }
  }
  await fetchChunks(
    places.values().map(({ ref }) => ref),
    {
      controlPlane,
      packBytes,
      onChunk: (ref, bytes) => {
        const isHole = isAllZeros(bytes)
        for (const { file, at } of places.get(ref.sha256)?.places ?? []) writer.write({ file, at, bytes, isHole })
        onProgress?.()
        return slice()
      },
    },
  )
}

function isAllZeros(bytes: Buffer): boolean {
  return bytes[0] === 0 && bytes.at(-1) === 0 && bytes.every((byte) => byte === 0)
}
