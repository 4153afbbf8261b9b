import type { BigIntStats } from 'node:fs'

/** Identifies a file's content without reading it: another one after every write, by us or by any program. */
export function etagOf(stat: Pick<BigIntStats, 'mtimeNs' | 'size' | 'ino'>): string {
  return [stat.mtimeNs, stat.size, stat.ino].map((part) => part.toString(36)).join('-')
}

/** What is told about a file's content. `mtime` in milliseconds since the epoch. */
export function versionOf(stat: BigIntStats): { etag: string; size: number; mtime: number } {
  return { etag: etagOf(stat), size: Number(stat.size), mtime: Number(stat.mtimeNs / 1000n) / 1000 }
}
