import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import type { FileEntry } from '#snapshot/entry.ts'
import { ARCHIVE_FORMATS, archive } from '#server/workspaces/history/archive.ts'
import type { OpenSnapshot } from '#server/workspaces/history/open-snapshot.ts'

const SIZE = 3_000_000
const EMPTY = { type: 'file', root: 'workspace', mode: 0o644, size: 0 } as const

// What nobody listens to ends the process: vitest fails the run for it.
test.each(ARCHIVE_FORMATS)('who goes away in the middle of a file of a %s harms nobody', async (format) => {
  const began = Promise.withResolvers<void>()
  const file: FileEntry = { type: 'file', root: 'workspace', path: 'a', mode: 0o644, mtime: 0, size: SIZE, chunks: [] }
  async function* read(): AsyncGenerator<Buffer> {
    for (;;) {
      yield Buffer.alloc(1000, 'x')
      began.resolve()
    }
  }
  const manifest: OpenSnapshot['manifest'] = { files: 1, bytes: SIZE, packs: [], segments: [] }
  const content = archive({ manifest, entries: [file], read }, format)
  await content[Symbol.asyncIterator]().next()
  await began.promise
  const closed = once(content, 'close')
  content.destroy()
  await closed
  expect(content.destroyed).toBe(true)
})

// A download of one would not end, and of the other hold what no program reads.
test.each(ARCHIVE_FORMATS)('times that a %s cannot hold are the nearest that it can', async (format) => {
  const entries = ['1969-12-31T12:00Z', '2026-01-02T03:04Z', '2100-01-01T00:00Z', '2242-01-01T00:00Z'].map(
    (time): FileEntry => ({ ...EMPTY, chunks: [], path: time.slice(0, 4), mtime: Date.parse(time) }),
  )
  const manifest: OpenSnapshot['manifest'] = { files: 4, bytes: 0, packs: [], segments: [] }
  async function* read(): AsyncGenerator<Buffer> {}
  const bytes = await buffer(archive({ manifest, entries, read }, format))
  const years = format === 'zip' ? yearsInZip(bytes) : yearsInTar(bytes)
  expect(years).toEqual(format === 'zip' ? [1980, 2026, 2100, 2106] : [1970, 2026, 2038, 2038])
})

function yearsInTar(bytes: Buffer): number[] {
  const listed = execFileSync('tar', ['--utc', '--full-time', '-tvzf', '-'], { input: bytes }).toString()
  return (listed.match(/\d{4}(?=-\d\d-\d\d )/g) ?? []).map(Number)
}

/** Of each record of the central directory (APPNOTE.TXT 4.3.12, 4.4.6). */
function yearsInZip(bytes: Buffer): number[] {
  const years: number[] = []
  for (let at = bytes.indexOf('PK\x01\x02'); at !== -1; at = bytes.indexOf('PK\x01\x02', at + 4))
    years.push(1980 + (bytes.readUInt16LE(at + 14) >> 9))
  return years
}
