/** Sizes of the snapshot format. What a writer aims at may change freely; what a reader accepts is part of the format. */

const MIB = 1024 * 1024

/** A file is cut into pieces of this size; the last one is shorter. */
export const CHUNK_BYTES = MIB

/** A writer closes a frame at this much raw content: enough for zstd to see repetition, little enough to fetch alone. */
export const FRAME_TARGET_BYTES = MIB

/** A writer closes a pack at this much raw content: bounds its memory, and keeps objects few. */
export const PACK_TARGET_BYTES = 4 * MIB

/** What a frame may hold, decompressed. A reader refuses more, so that a hostile pack cannot exhaust its memory. */
export const MAX_FRAME_BYTES = 16 * MIB

/** Largest pack a reader takes: what a writer may overshoot its target by, incompressible. */
export const MAX_PACK_BYTES = 40 * MIB

/** Largest manifest, compressed and decompressed. It grows with packs and segments, not with files. */
export const MAX_MANIFEST_BYTES = 8 * MIB
export const MAX_MANIFEST_RAW_BYTES = 32 * MIB

/** A segment of the entry list ends at a path whose hash says so once it has the least count, and at the latest at the others. */
export const SEGMENT_MIN_ENTRIES = 64
export const SEGMENT_MAX_ENTRIES = 4096
export const SEGMENT_MAX_CHUNKS = 8192

/** Pieces of one file: a segment names them all, and must fit into a frame. Only a sparse file can well have more. */
export const MAX_FILE_CHUNKS = 100_000
