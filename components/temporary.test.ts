import { expect, test } from 'vitest'
import { isTemporary, temporaryWords } from '#components/temporary.tsx'

test('what has an end of its own says which', () => {
  expect(isTemporary({})).toBe(false)
  expect(isTemporary({ expiresAt: 1 })).toBe(true)
  expect(temporaryWords({ isEphemeral: true }, 0)).toBe('Deleted when it stops, unless it is kept')
  expect(temporaryWords({ expiresAt: 5 * 60_000 }, 0)).toBe('Deleted in 5 min, unless it is kept')
  const both = { isEphemeral: true as const, expiresAt: 3 * 3_600_000 }
  expect(temporaryWords(both, 0)).toBe('Deleted when it stops, or in 3 h, unless it is kept')
})
