import { once } from 'node:events'
import { expect, test } from 'vitest'
import type { FileEntry } from '#snapshot/entry.ts'
import { ARCHIVE_FORMATS, archive } from '#server/workspaces/history/archive.ts'
import type { OpenSnapshot } from '#server/workspaces/history/open-snapshot.ts'

const SIZE = 3_000_000

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
