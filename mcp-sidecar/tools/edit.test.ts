import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { replaceIn } from './edit.ts'

const edit = (old_string: string, new_string: string, replace_all = false) => ({ old_string, new_string, replace_all })

describe('an edit', () => {
  it('replaces exactly what it names, whatever surrounds it', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ minLength: 1 }), fc.string(), fc.string(), (before, old, after, now) => {
        const text = before + old + after
        fc.pre(old !== now && text.split(old).length === 2 && !text.includes('\r'))
        expect(replaceIn(text, edit(old, now))).toEqual({ text: before + now + after, replacements: 1 })
      }),
    )
  })

  it('replaces every occurrence if it is told to, and says how many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.stringMatching(/^[a-m]*$/), { minLength: 2 }),
        fc.stringMatching(/^[n-z$&]*$/),
        (parts, now) => {
          fc.pre(now !== 'X')
          expect(replaceIn(parts.join('X'), edit('X', now, true))).toEqual({
            text: parts.join(now),
            replacements: parts.length - 1,
          })
        },
      ),
    )
  })

  it('is refused with the lines it could mean, if there are several', () => {
    expect(() => replaceIn('one\ntwo\none\n', edit('one', 'three'))).toThrow('in lines 1, 3')
  })

  it('is refused with the nearest line, if there is none', () => {
    expect(() => replaceIn('const a = 1\n  return total\n', edit('return total\nend', 'x'))).toThrow(
      'The nearest is line 2',
    )
  })

  it('keeps the line ends of a file from another system', () => {
    expect(replaceIn('a\r\nb\r\nc\r\n', edit('a\nb', 'a\nx')).text).toBe('a\r\nx\r\nc\r\n')
    expect(replaceIn('a\r\nb\r\n', edit('b', 'b\nc')).text).toBe('a\r\nb\r\nc\r\n')
    expect(replaceIn('a\r\nb\n', edit('b', 'b\nc')).text).toBe('a\r\nb\nc\n')
  })
})
