import { promisify } from 'node:util'
import { zstdCompress, zstdDecompress } from 'node:zlib'
import { SnapshotError } from './snapshot-error.ts'

const compressAsync = promisify(zstdCompress)
const decompressAsync = promisify(zstdDecompress)

/** One zstd frame (RFC 8878) at the library's default level. */
export function compress(bytes: Uint8Array): Promise<Buffer> {
  return compressAsync(bytes)
}

/** What a zstd frame holds; more than `maxBytes` or anything malformed is a `SnapshotError` that names `what`. */
export async function decompress(bytes: Uint8Array, limit: { maxBytes: number; what: string }): Promise<Buffer> {
  try {
    return await decompressAsync(bytes, { maxOutputLength: limit.maxBytes })
  } catch (error) {
    throw new SnapshotError(`${limit.what} cannot be decompressed within ${limit.maxBytes} bytes`, { cause: error })
  }
}
