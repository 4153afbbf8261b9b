import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { grep } from './grep.ts'
import { MAX_SEARCHED_FILE_BYTES } from './limits.ts'
import { walk } from './walk.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-grep-'))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

function search(where: string) {
  const { counts, filesSearched } = grep({
    kind: 'grep',
    root: where,
    rulesFrom: where,
    includeIgnored: true,
    pattern: '.',
    mode: 'count',
    context: 0,
    ignoreCase: false,
    multiline: false,
    limit: 100,
  })
  return { paths: counts.map(({ path }) => path).sort(), filesSearched }
}

describe('searching contents', () => {
  test('reads no pipe, nothing over the bound, and what says that it is empty up to the bound', async () => {
    execFileSync('/usr/bin/mkfifo', [join(root, 'pipe')])
    await writeFile(join(root, 'full'), 'x'.repeat(MAX_SEARCHED_FILE_BYTES))
    await writeFile(join(root, 'over'), '')
    await truncate(join(root, 'over'), MAX_SEARCHED_FILE_BYTES + 1)
    expect(search(root)).toEqual({ paths: ['full'], filesSearched: 1 })
    expect(search(join(root, 'pipe'))).toEqual({ paths: [], filesSearched: 0 })
    // Of size 0, both: some hundred bytes, and more than any memory.
    expect(search('/proc/self/status').paths).toEqual(['status'])
    expect(search('/proc/self/pagemap')).toEqual({ paths: [], filesSearched: 0 })
  })

  test('does not enter what the kernel makes up from above', () => {
    const paths: string[] = []
    for (const { path, entry } of walk({ root: '/', rulesFrom: '/', includeIgnored: true, maxDepth: 2 }))
      if (entry.isDirectory() && /^(proc|sys)\b/.test(path)) paths.push(path)
    expect(paths).toEqual(['proc', 'sys'])
  })
})
