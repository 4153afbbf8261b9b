import { promisify } from 'node:util'
import { constants, zstdCompress, zstdDecompress, zstdDecompressSync } from 'node:zlib'
import { SnapshotError } from './snapshot-error.ts'

const compressAsync = promisify(zstdCompress)
const decompressAsync = promisify(zstdDecompress)

/** On source text it is half again as fast as the default (3), and gives three to six percent more bytes. */
const LEVEL = 2

/** What most frames hold, with what zstd may add. Each round of output costs a turn of a thread. */
const OUTPUT_BYTES = 1024 * 1024 + 8192

/** One zstd frame (RFC 8878). */
export function compress(bytes: Uint8Array): Promise<Buffer> {
  return compressAsync(bytes, {
    chunkSize: mostCompressed(bytes.length),
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
  })
}

/** What a zstd frame holds; more than `maxBytes` or anything malformed is a `SnapshotError` that names `what`. */
export async function decompress(bytes: Uint8Array, limit: { maxBytes: number; what: string }): Promise<Buffer> {
  const chunkSize = Math.min(OUTPUT_BYTES, limit.maxBytes, Math.max(MIN_CHUNK_BYTES, bytes.length * 16))
  try {
    const small = decompressSmall(bytes, limit.maxBytes)
    return small ?? (await decompressAsync(bytes, { maxOutputLength: limit.maxBytes, chunkSize }))
  } catch (error) {
    throw new SnapshotError(`${limit.what} cannot be decompressed within ${limit.maxBytes} bytes`, { cause: error })
  }
}

/** At once, where that takes less time than the way to a thread and back; `undefined` where it does not. */
function decompressSmall(bytes: Uint8Array, maxBytes: number): Buffer | undefined {
  if (bytes.length > SMALL_BYTES) return undefined
  const maxOutputLength = Math.min(maxBytes, SMALL_OUTPUT_BYTES)
  try {
    return zstdDecompressSync(bytes, { maxOutputLength, chunkSize: Math.max(MIN_CHUNK_BYTES, maxOutputLength) })
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') return undefined
    throw error
  }
}

/** What is no longer, and holds no more than this. */
const SMALL_BYTES = 4096
const SMALL_OUTPUT_BYTES = 64 * 1024

/** The least that Node takes. */
const MIN_CHUNK_BYTES = 64

/** ZSTD_compressBound: what incompressible content may grow to. */
function mostCompressed(bytes: number): number {
  const small = 128 * 1024
  return Math.max(MIN_CHUNK_BYTES, bytes + (bytes >> 8) + (bytes < small ? (small - bytes) >> 11 : 0) + 64)
}
