import { expect, test } from 'vitest'
import { stateWords } from '#components/dashboard/state-words.ts'

test('a moving state names the phase under way, with its detail', () => {
  const phases = [
    { name: 'sandbox' as const, startedAt: 1, endedAt: 2 },
    { name: 'restore' as const, startedAt: 2, detail: '312 of 2,000 files', percent: 15.6 },
  ]
  expect(stateWords({ kind: 'starting', phases })).toEqual({
    tone: 'busy',
    label: 'Starting',
    detail: 'Restoring files · 312 of 2,000 files',
    percent: 15.6,
  })
})

test('between two phases the last one stays, and before the first there is no detail', () => {
  const phases = [{ name: 'save' as const, startedAt: 1, endedAt: 2 }]
  expect(stateWords({ kind: 'stopping', phases }).detail).toBe('Saving files')
  expect(stateWords({ kind: 'stopping', phases: [] })).toEqual({ tone: 'busy', label: 'Stopping' })
})

test('a failure says in which part of its life it happened, and why', () => {
  const error = { code: 'unavailable' as const, message: 'The object store does not answer.' }
  expect(stateWords({ kind: 'failed', during: 'stop', error, phases: [], exits: ['retry-stop', 'resume'] })).toEqual({
    tone: 'failed',
    label: 'Not saved',
    detail: 'The object store does not answer.',
  })
})
