/** The two folders of a volume, which are the two roots of a snapshot. */
export const ROOTS = ['workspace', 'home'] as const
export type Root = (typeof ROOTS)[number]

/** Where a chunk lies: raw bytes `offset`…`offset + bytes` of the zstd frame at `frameStart` (`frameBytes` long) of a pack. */
export interface ChunkRef {
  sha256: string
  pack: string
  frameStart: number
  frameBytes: number
  offset: number
  bytes: number
}

interface EntryBase {
  root: Root
  /** Byte string (`byte-string.ts`), relative to the root; `''` is the root itself. */
  path: string
  /** Permission bits with setuid, setgid and sticky: `0o7777` at most. */
  mode: number
  /** Whole milliseconds since the epoch. */
  mtime: number
}

export interface FileEntry extends EntryBase {
  type: 'file'
  size: number
  /** In order; together they are the content. */
  chunks: ChunkRef[]
}

export interface DirectoryEntry extends EntryBase {
  type: 'directory'
}

export interface SymlinkEntry extends EntryBase {
  type: 'symlink'
  /** Byte string; what the link says, whether or not anything is there. */
  target: string
}

export type SnapshotEntry = FileEntry | DirectoryEntry | SymlinkEntry
