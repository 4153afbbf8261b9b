import { expect, test } from 'vitest'
import { sleepWords } from './sleep-words.ts'

const MINUTE = 60_000
const now = 1_000 * MINUTE

test('nothing is said of what nothing puts to sleep', () => {
  expect(sleepWords({}, now)).toBeUndefined()
})

test('a REPL at work is awake, and the reason is named', () => {
  const words = sleepWords(
    { sleepsAt: now + 30 * MINUTE, lastWork: { at: now - MINUTE, by: { kind: 'program', name: 'cargo' } } },
    now,
  )
  expect(words?.short).toBe('Awake')
  expect(words?.why).toMatch(
    /^“cargo” kept the processor busy 1 min ago\. It sleeps at .+, should nothing more happen\.$/,
  )
})

test('one in which nothing happens says when it sleeps, never in no time', () => {
  const quiet = { lastWork: { at: now - 20 * MINUTE, by: { kind: 'terminal' } as const } }
  expect(sleepWords({ sleepsAt: now + 10 * MINUTE, ...quiet }, now)?.short).toBe('Sleeps in 10 min')
  expect(sleepWords({ sleepsAt: now - MINUTE, ...quiet }, now)?.short).toBe('Sleeps in 1 min')
  expect(sleepWords({ sleepsAt: now + 240 * MINUTE, ...quiet }, now)?.short).toBe('Sleeps in 4 h')
})

test('a REPL for a while is deleted, not put to sleep', () => {
  const words = sleepWords({ sleepsAt: now + 10 * MINUTE, isEphemeral: true }, now)
  expect(words?.short).toBe('Deleted in 10 min')
  expect(words?.why).toMatch(/^It is deleted at/)
})

test("somebody's wish goes before all", () => {
  const at = now + 60 * MINUTE
  const words = sleepWords({ sleepsAt: at, awakeUntil: at, lastWork: { at: now } }, now)
  expect(words?.short).toMatch(/^Awake until /)
  expect(words?.why).toMatch(/^Somebody opened it just now\. Somebody wants it to stay awake until /)
})
