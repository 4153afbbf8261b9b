import type { Stats } from 'node:fs'

/** One entry while it is written: sizes and checksum are known only after its content. */
export interface ZipEntry {
  name: string
  stat: Stats
  /** Where its local header begins. */
  offset: number
  crc: number
  compressed: number
  size: number
}

const UINT16_MAX = 0xffff
const UINT32_MAX = 0xffffffff
/** Sizes are given in 64 bits for a file from here on: it may grow while it is sent, and compression may enlarge it. */
const LARGE_FILE_BYTES = 0xf0000000

const VERSION_ZIP64 = 45
const MADE_ON_UNIX = 3 << 8
/** Bit 3: sizes follow the content. Bit 11: names are UTF-8. */
const FLAGS = 0x0808
const STORED = 0
const DEFLATED = 8
const ZIP64_EXTRA = 1

/** Header before an entry's content (APPNOTE 4.3.7). */
export function localHeader(entry: ZipEntry): Uint8Array {
  const name = Buffer.from(entry.name)
  const extra = isLarge(entry) ? zip64Extra([0, 0]) : Buffer.alloc(0)
  const header = Buffer.alloc(30)
  header.writeUInt32LE(0x04034b50, 0)
  header.writeUInt16LE(VERSION_ZIP64, 4)
  writeMethodAndTime(header, 6, entry)
  if (isLarge(entry)) header.fill(0xff, 18, 26)
  header.writeUInt16LE(name.length, 26)
  header.writeUInt16LE(extra.length, 28)
  return Buffer.concat([header, name, extra])
}

/** Checksum and sizes after an entry's content (APPNOTE 4.3.9). */
export function dataDescriptor(entry: ZipEntry): Uint8Array {
  const isWide = isLarge(entry)
  const descriptor = Buffer.alloc(isWide ? 24 : 16)
  descriptor.writeUInt32LE(0x08074b50, 0)
  descriptor.writeUInt32LE(entry.crc, 4)
  if (isWide) {
    descriptor.writeBigUInt64LE(BigInt(entry.compressed), 8)
    descriptor.writeBigUInt64LE(BigInt(entry.size), 16)
  } else {
    descriptor.writeUInt32LE(entry.compressed, 8)
    descriptor.writeUInt32LE(entry.size, 12)
  }
  return descriptor
}

/** An entry's line in the directory at the archive's end (APPNOTE 4.3.12). */
export function centralHeader(entry: ZipEntry): Uint8Array {
  const name = Buffer.from(entry.name)
  const isWide = isLarge(entry) || entry.offset >= UINT32_MAX
  const extra = isWide ? zip64Extra([entry.size, entry.compressed, entry.offset]) : Buffer.alloc(0)
  const header = Buffer.alloc(46)
  header.writeUInt32LE(0x02014b50, 0)
  header.writeUInt16LE(MADE_ON_UNIX | VERSION_ZIP64, 4)
  header.writeUInt16LE(VERSION_ZIP64, 6)
  writeMethodAndTime(header, 8, entry)
  header.writeUInt32LE(entry.crc, 16)
  header.writeUInt32LE(isWide ? UINT32_MAX : entry.compressed, 20)
  header.writeUInt32LE(isWide ? UINT32_MAX : entry.size, 24)
  header.writeUInt16LE(name.length, 28)
  header.writeUInt16LE(extra.length, 30)
  // The upper half of the external attributes is the Unix mode with its file type.
  header.writeUInt16LE(entry.stat.mode & UINT16_MAX, 40)
  header.writeUInt16LE(entry.stat.isDirectory() ? 0x10 : 0, 38)
  header.writeUInt32LE(isWide ? UINT32_MAX : entry.offset, 42)
  return Buffer.concat([header, name, extra])
}

/** The archive's end (APPNOTE 4.3.14 to 4.3.16): in 64 bits where the directory needs it. */
export function endOfArchive(directory: { entries: number; bytes: number; offset: number }): Uint8Array {
  const { entries, bytes, offset } = directory
  const isWide = entries >= UINT16_MAX || bytes >= UINT32_MAX || offset >= UINT32_MAX
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(Math.min(entries, UINT16_MAX), 8)
  end.writeUInt16LE(Math.min(entries, UINT16_MAX), 10)
  end.writeUInt32LE(Math.min(bytes, UINT32_MAX), 12)
  end.writeUInt32LE(Math.min(offset, UINT32_MAX), 16)
  return isWide ? Buffer.concat([endOfArchive64(directory), end]) : end
}

function endOfArchive64({ entries, bytes, offset }: { entries: number; bytes: number; offset: number }): Uint8Array {
  const record = Buffer.alloc(56 + 20)
  record.writeUInt32LE(0x06064b50, 0)
  record.writeBigUInt64LE(44n, 4)
  record.writeUInt16LE(MADE_ON_UNIX | VERSION_ZIP64, 12)
  record.writeUInt16LE(VERSION_ZIP64, 14)
  record.writeBigUInt64LE(BigInt(entries), 24)
  record.writeBigUInt64LE(BigInt(entries), 32)
  record.writeBigUInt64LE(BigInt(bytes), 40)
  record.writeBigUInt64LE(BigInt(offset), 48)
  record.writeUInt32LE(0x07064b50, 56)
  record.writeBigUInt64LE(BigInt(offset + bytes), 64)
  record.writeUInt32LE(1, 72)
  return record
}

function writeMethodAndTime(header: Buffer, at: number, entry: ZipEntry): void {
  const { date, time } = dosTime(entry.stat.mtime)
  header.writeUInt16LE(FLAGS, at)
  header.writeUInt16LE(entry.stat.isFile() ? DEFLATED : STORED, at + 2)
  header.writeUInt16LE(time, at + 4)
  header.writeUInt16LE(date, at + 6)
}

function zip64Extra(values: number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length)
  extra.writeUInt16LE(ZIP64_EXTRA, 0)
  extra.writeUInt16LE(8 * values.length, 2)
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index)
  return extra
}

function isLarge(entry: ZipEntry): boolean {
  return entry.stat.size >= LARGE_FILE_BYTES
}

/** MS-DOS counts years from 1980 and seconds in twos. */
function dosTime(time: Date): { date: number; time: number } {
  const year = Math.min(Math.max(time.getUTCFullYear(), 1980), 2107)
  return {
    date: ((year - 1980) << 9) | ((time.getUTCMonth() + 1) << 5) | time.getUTCDate(),
    time: (time.getUTCHours() << 11) | (time.getUTCMinutes() << 5) | (time.getUTCSeconds() >> 1),
  }
}
