import { expect, test } from 'vitest'
import { failedInPlaywright, failedInVitest } from './failed-tests.ts'

test('Vitest: failed tests and files that do not load are named, with the first line of why', () => {
  const report = {
    testResults: [
      {
        name: '/p/a.test.ts',
        status: 'failed',
        message: '',
        assertionResults: [
          { fullName: 'it holds', status: 'passed', failureMessages: [] },
          {
            fullName: 'it breaks',
            status: 'failed',
            failureMessages: ['\n\u001B[31mAssertionError: 1\u001B[39m\n at x'],
          },
        ],
      },
      { name: '/p/b.test.ts', status: 'failed', message: 'Cannot find module', assertionResults: [] },
      { name: '/p/c.test.ts', status: 'passed', message: '', assertionResults: [] },
    ],
  }
  expect(failedInVitest(report)).toEqual([
    '/p/a.test.ts › it breaks: AssertionError: 1',
    '/p/b.test.ts: Cannot find module',
  ])
})

test('Playwright: failed and flaky tests of nested suites are named, and errors outside of them', () => {
  const spec = (title: string, status: string, message?: string) => ({
    title,
    file: 'a.e2e.ts',
    line: 7,
    ok: status !== 'unexpected',
    tests: [{ status, results: [message === undefined ? {} : { error: { message } }] }],
  })
  const report = {
    suites: [
      {
        specs: [spec('fails', 'unexpected', 'Error: no\nmore'), spec('passes', 'expected')],
        suites: [{ specs: [spec('wavers', 'flaky', 'Error: once'), spec('waits', 'unexpected')] }],
      },
    ],
    errors: [{ message: 'Error: no server' }],
  }
  expect(failedInPlaywright(report)).toEqual([
    'a.e2e.ts:7 › fails: Error: no',
    'a.e2e.ts:7 › wavers: Error: once',
    'a.e2e.ts:7 › waits: no message',
    'outside any test: Error: no server',
  ])
})
