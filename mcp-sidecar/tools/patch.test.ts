import { createTwoFilesPatch, structuredPatch } from 'diff'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyHunks } from './apply-hunks.ts'
import { parsePatch } from './patch.ts'

/** Texts of few different lines, so that places are easily mistaken for one another. */
const lines = fc.array(fc.constantFrom('a', 'b', '  c', '', 'function f() {', '}', '-- x', '++ y'), { maxLength: 30 })
const textOf = (all: string[]) => all.map((line) => `${line}\n`).join('')

function applied(before: string, patch: string): string {
  const [change] = parsePatch(patch)
  if (change?.op !== 'update') throw new Error(`not an update: ${change?.op}`)
  return applyHunks(before, change.hunks, change.path)
}

describe('a patch', () => {
  it('as a unified diff makes of one text the other, whatever they are', () => {
    fc.assert(
      fc.property(lines, lines, (from, to) => {
        const [before, after] = [textOf(from), textOf(to)]
        fc.pre(before !== after)
        expect(applied(before, createTwoFilesPatch('a/x', 'b/x', before, after))).toBe(after)
      }),
      { numRuns: 500 },
    )
  })

  it('as a unified diff also where the last line has no end', () => {
    fc.assert(
      fc.property(lines, lines, fc.boolean(), fc.boolean(), (from, to, endsBefore, endsAfter) => {
        const before = `${textOf(from)}last${endsBefore ? '\n' : ''}`
        const after = `${textOf(to)}last${endsAfter ? '\n' : ''}`
        fc.pre(before !== after)
        expect(applied(before, createTwoFilesPatch('a/x', 'b/x', before, after))).toBe(after)
      }),
      { numRuns: 500 },
    )
  })

  it('leaves the ends of all lines that it does not touch, and ends new ones like those about them', () => {
    const patch = '*** Begin Patch\n*** Update File: x\n@@\n a\n-b\n+B\n+and\n c\n*** End Patch'
    expect(applied('top\na\r\nb\nc\r\nlast\r\n', patch)).toBe('top\na\r\nB\nand\nc\r\nlast\r\n')
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1, maxLength: 20 }),
        fc.array(fc.constantFrom('\n', '\r\n'), { minLength: 20, maxLength: 20 }),
        fc.nat(),
        (from, ends, at) => {
          const place = at % from.length
          const { hunks } = structuredPatch('x', 'x', textOf(from), textOf(from.with(place, 'NEW')), '', '', {
            context: 3,
          })
          const body = hunks.map((hunk) => `@@\n${hunk.lines.join('\n')}\n`).join('')
          const ended = (all: string[]) => all.map((line, index) => line + ends[index]).join('')
          expect(applied(ended(from), `*** Begin Patch\n*** Update File: x\n${body}*** End Patch`)).toBe(
            ended(from.with(place, 'NEW')),
          )
        },
      ),
    )
  })

  it('in sections makes of one text the other, where its lines are told apart by their surroundings', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1 }),
        lines,
        fc.nat(),
        (from, added, at) => {
          const place = at % (from.length + 1)
          const to = [...from.slice(0, place), ...added, ...from.slice(place + 1)]
          const [before, after] = [textOf(from), textOf(to)]
          fc.pre(before !== after)
          const { hunks } = structuredPatch('x', 'x', before, after, '', '', { context: 3 })
          const body = hunks.map((hunk) => `@@\n${hunk.lines.join('\n')}\n`).join('')
          expect(applied(before, `*** Begin Patch\n*** Update File: x\n${body}*** End Patch`)).toBe(after)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('adds, moves and deletes files', () => {
    const patch =
      '*** Begin Patch\n*** Add File: new.txt\n+one\n+\n+two\n*** Update File: old.txt\n*** Move to: moved.txt\n@@\n-a\n+b\n*** Delete File: gone.txt\n*** End Patch'
    expect(parsePatch(patch)).toMatchObject([
      { op: 'add', path: 'new.txt', content: 'one\n\ntwo\n' },
      { op: 'update', path: 'old.txt', to: 'moved.txt' },
      { op: 'delete', path: 'gone.txt' },
    ])
  })

  it('fits where only white space is another, and keeps that of the file', () => {
    const patch = '*** Begin Patch\n*** Update File: x\n@@\n if (a) {\n-  b()\n+  c()\n }\n*** End Patch'
    expect(applied('  if (a) {\n    b()\n  }\n', patch)).toBe('  if (a) {\n  c()\n  }\n')
  })

  it('is refused with the lines that were not found', () => {
    const patch = '*** Begin Patch\n*** Update File: x\n@@\n-nowhere\n+b\n*** End Patch'
    expect(() => applied('a\n', patch)).toThrow('nowhere')
  })

  it('may say wrong numbers of lines, or none: each hunk is as long as it is', () => {
    const text = textOf(['a', 'b', 'c', 'd', 'e', 'f'])
    const second = '-e\n+E\n'
    for (const [first, next] of [
      ['@@ -1,1 +1,1 @@', '@@ -5 +5 @@'],
      ['@@ -1,9 +1,9 @@', '@@ -5,7 +5,7 @@'],
      ['@@', '@@'],
      ['@@ ... @@', '@@ d @@'],
      ['@@ -10,2 +10,2 @@', '@@ -5 +5 @@'],
    ])
      expect(applied(text, `--- a/x\n+++ b/x\n${first}\n a\n-b\n+B\n+and\n c\n${next}\n${second}`)).toBe(
        textOf(['a', 'B', 'and', 'c', 'd', 'E', 'f']),
      )
  })

  it('may be what git writes: of renamed, new, empty and deleted files, with unusual names, in a mail', () => {
    const patch = `From 1234 Mon Sep 17 00:00:00 2001
Subject: [PATCH] some

 keep.txt | 2 +-
---
diff --git a/old name.txt b/new name.txt
similarity index 100%
rename from old name.txt
rename to new name.txt
diff --git a/empty.txt b/empty.txt
new file mode 100644
index 0000000..e69de29
diff --git a/run.sh b/run.sh
new file mode 100755
index 0000000..1a2b3c4
--- /dev/null
+++ b/run.sh
@@ -0,0 +1 @@
+echo
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
index e69de29..0000000
diff --git "a/\\303\\274.txt" "b/\\303\\274.txt"
index 1..2 100644
--- "a/\\303\\274.txt"
+++ "b/\\303\\274.txt"
@@ -1 +1 @@
-a
+b
-- 
2.39.5

`
    expect(parsePatch(patch)).toMatchObject([
      { op: 'update', path: 'old name.txt', to: 'new name.txt', hunks: [] },
      { op: 'add', path: 'empty.txt', content: '' },
      { op: 'add', path: 'run.sh', content: 'echo\n', isExecutable: true },
      { op: 'delete', path: 'gone.txt' },
      { op: 'update', path: 'ü.txt', to: undefined, hunks: [{ old: ['a'], new: ['b'] }] },
    ])
  })

  it('is refused with what of it cannot be done, rather than done without that', () => {
    const change = '--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n'
    const mode = 'diff --git a/y b/y\nold mode 100644\nnew mode 100755\n'
    expect(() => parsePatch(change + mode)).toThrow('a/y b/y')
    const binary = 'diff --git a/y b/y\nindex 1..2 100644\nGIT binary patch\nliteral 3\n'
    expect(() => parsePatch(change + binary)).toThrow('is of a binary file')
    expect(() => parsePatch(`${change}diff --git a/y b/y\nBinary files a/y and b/y differ\n`)).toThrow('binary')
    expect(() => parsePatch(`${change}Binary files a/y and b/y differ\n`)).toThrow('binary')
    expect(() => parsePatch('*** Begin Patch\n*** Update File: x\n*** End Patch')).toThrow(
      'nothing of what to change in x',
    )
    expect(() => parsePatch('--- a/x\n+++ b/x\n')).toThrow('no lines with @@')
    expect(() => parsePatch(`${change}\nSo much for x.\n+c\n`)).toThrow('belongs to no change')
  })

  it('is refused if it is none', () => {
    expect(() => parsePatch('please change a to b')).toThrow('neither')
  })
})
