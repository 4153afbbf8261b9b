import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { grep } from './grep.ts'
import { MAX_SEARCHED_FILE_BYTES } from './limits.ts'
import type { GrepSearch } from './search-messages.ts'
import { walk } from './walk.ts'

let root: string
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'devex-grep-'))
})
afterEach(async () => rm(root, { recursive: true, force: true }))

function found(where: string, more: Partial<GrepSearch> = {}) {
  return grep({
    kind: 'grep',
    root: where,
    rulesFrom: where,
    includeIgnored: true,
    pattern: '.',
    mode: 'content',
    context: 0,
    ignoreCase: false,
    multiline: false,
    limit: 100,
    ...more,
  })
}

function search(where: string) {
  const { counts, filesSearched, filesTooLarge } = found(where, { mode: 'count' })
  return { paths: counts.map(({ path }) => path).sort(), filesSearched, filesTooLarge }
}

/** Numbers of the lines of one text. */
async function linesOf(text: string, more: Partial<GrepSearch>): Promise<number[]> {
  await writeFile(join(root, 'text'), text)
  return found(root, more).lines.map(({ line }) => line)
}

describe('searching contents', () => {
  test('reads no pipe, nothing over the bound, and what says that it is empty up to the bound', async () => {
    execFileSync('/usr/bin/mkfifo', [join(root, 'pipe')])
    await writeFile(join(root, 'full'), 'x'.repeat(MAX_SEARCHED_FILE_BYTES))
    await writeFile(join(root, 'over'), '')
    await truncate(join(root, 'over'), MAX_SEARCHED_FILE_BYTES + 1)
    expect(search(root)).toEqual({ paths: ['full'], filesSearched: 1, filesTooLarge: 1 })
    expect(search(join(root, 'pipe'))).toMatchObject({ paths: [], filesSearched: 0 })
    // Of size 0, both: some hundred bytes, and more than any memory.
    expect(search('/proc/self/status').paths).toEqual(['status'])
    expect(search('/proc/self/pagemap')).toMatchObject({ paths: [], filesSearched: 0 })
  })

  test('counts the lines that there are, and takes \\r for a part of their end', async () => {
    expect(await linesOf('a\n\nb\n', { pattern: '^$' })).toEqual([2])
    expect(await linesOf('a\n\nb\n', { pattern: '^' })).toEqual([1, 2, 3])
    expect(await linesOf('', { pattern: '^' })).toEqual([])
    expect(await linesOf('1;\r\nlet\r\n', { pattern: ';$' })).toEqual([1])
    expect(await linesOf('1;\r\nlet\r\n', { pattern: '1;\nlet', multiline: true })).toEqual([1, 2])
  })

  test('takes flags in front, names of classes, and globs that leave out', async () => {
    expect(await linesOf('TODO\n', { pattern: '(?i)todo' })).toEqual([1])
    expect(await linesOf('a\n5\n', { pattern: '^[[:digit:]]$' })).toEqual([2])
    expect(found(root, { glob: '!*.txt' }).filesSearched).toBe(1)
    expect(found(root, { glob: '!te*' }).filesSearched).toBe(0)
    expect(found(root, { glob: './te*' }).filesSearched).toBe(1)
  })

  test('shows of a long line what lies about the match', async () => {
    await writeFile(join(root, 'long'), `${'x'.repeat(50_000)}needle${'y'.repeat(50_000)}`)
    const [line] = found(root, { pattern: 'needle' }).lines
    expect(line?.text).toMatch(/^…x+needley+…$/)
    expect(line?.text.length).toBeLessThan(1100)
  })

  test('does not enter what the kernel makes up from above', () => {
    const paths: string[] = []
    for (const { path, entry } of walk({ root: '/', rulesFrom: '/', includeIgnored: true, maxDepth: 2 }))
      if (entry.isDirectory() && /^(proc|sys)\b/.test(path)) paths.push(path)
    expect(paths).toEqual(['proc', 'sys'])
  })
})
