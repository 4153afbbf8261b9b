import { expect, test } from 'vitest'
import { savedWords } from '#components/dashboard/saved-words.ts'

const NOW = 10_000_000

test('says when files were saved last, and first of all if they are not safe', () => {
  expect(savedWords({ savedAt: NOW - 120_000 }, NOW)).toEqual({ isAtRisk: false, words: 'Saved 2 min ago' })
  expect(savedWords({}, NOW)).toEqual({ isAtRisk: false, words: 'Not saved yet' })
  expect(savedWords({ savedAt: NOW, unsavedSince: NOW - 300_000 }, NOW)).toEqual({
    isAtRisk: true,
    words: 'Not backed up for 5 min',
  })
})
