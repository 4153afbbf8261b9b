import { expect, test } from 'vitest'
import { problemWords } from './problems.ts'

const problem = (severity: 'error' | 'warning') => ({ path: 'a.json', line: 1, column: 1, message: 'x', severity })

test('problems are counted by how bad they are', () => {
  expect(problemWords([])).toBe('')
  expect(problemWords([problem('error')])).toBe('1 error')
  expect(problemWords([problem('warning'), problem('error'), problem('error')])).toBe('2 errors, 1 warning')
})
