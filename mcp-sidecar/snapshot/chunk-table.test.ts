import { expect, test } from 'vitest'
import { sha256 } from '#snapshot/hash.ts'
import { ChunkTable } from './chunk-table.ts'

test('a chunk that moves from pack to pack is known where it lies, and the packs it left are not', () => {
  const table = new ChunkTable()
  const chunk = sha256(Buffer.from('chunk'))
  const packs = Array.from({ length: 3000 }, (_, at) => sha256(Buffer.from(`pack ${at}`)))
  for (const [at, pack] of packs.entries()) {
    table.addPack(pack, at)
    table.add({ sha256: chunk, pack, frameStart: 8, frameBytes: 5, offset: at, bytes: 5 })
    table.keepOnly(new Set([pack]))
    expect(table.get(chunk)).toMatchObject({ pack, offset: at })
    expect(table.packBytes(packs[at - 1] ?? '')).toBeUndefined()
  }
})
