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

  it('is refused if it is none', () => {
    expect(() => parsePatch('please change a to b')).toThrow('neither')
  })
})
