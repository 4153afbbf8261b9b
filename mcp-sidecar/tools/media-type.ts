/** The type of an image that models are shown, by its first bytes. */
export function imageTypeOf(data: Uint8Array): string | undefined {
  const type = mimeTypeOf(data)
  return ['image/png', 'image/jpeg', 'image/gif', 'image/webp'].includes(type) ? type : undefined
}

/** What the first bytes say. */
export function mimeTypeOf(data: Uint8Array): string {
  const start = Buffer.from(data.subarray(0, 16)).toString('latin1')
  for (const [magic, type] of MAGIC) if (start.startsWith(magic)) return type
  if (start.startsWith('RIFF') && start.slice(8, 12) === 'WEBP') return 'image/webp'
  return 'application/octet-stream'
}

const MAGIC = [
  ['\u0089PNG', 'image/png'],
  ['\u00FF\u00D8\u00FF', 'image/jpeg'],
  ['GIF8', 'image/gif'],
  ['%PDF', 'application/pdf'],
  ['PK\u0003\u0004', 'application/zip'],
  ['\u001F\u008B', 'application/gzip'],
  ['\u007FELF', 'application/x-executable'],
  ['SQLite format 3', 'application/vnd.sqlite3'],
] as const
