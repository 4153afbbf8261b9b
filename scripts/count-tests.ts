import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { findBrowser, starts } from './browser.ts'
import { failedInPlaywright, failedInVitest } from './failed-tests.ts'
import { exitCodeOf } from './run-tool.ts'
import { ROOT } from './root.ts'

/** Where test runners write what they counted. */
export const REPORTS = join(ROOT, '.build', 'reports')

export interface Counts {
  passed: number
  failed: number
  skipped: number
  /** A line for each that failed. */
  failures: string[]
}

/** A run of tests: the name of its report, further arguments and variables for its runner. */
interface Run {
  name: string
  args?: string[]
  env?: Record<string, string>
}

const vitestReport = z.object({ numPassedTests: z.int(), numFailedTests: z.int(), numTotalTests: z.int() })
const playwrightReport = z.object({
  stats: z.object({ expected: z.int(), skipped: z.int() }),
})

export async function countVitest({ name, args = [], env }: Run): Promise<Counts> {
  const report = await noReport(name)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const code = await exitCodeOf('vitest/vitest.mjs', ['run', ...reporters, ...args], env)
  const told: unknown = JSON.parse(await readFile(report, 'utf8'))
  const counts = vitestReport.parse(told)
  return {
    passed: counts.numPassedTests,
    ...failuresOf({ name, code, failures: failedInVitest(told) }),
    skipped: counts.numTotalTests - counts.numPassedTests - counts.numFailedTests,
  }
}

export async function countPlaywright({ name, args = [], env }: Run): Promise<Counts> {
  const browser = await findBrowser()
  if (browser === undefined || !starts(browser)) {
    console.log('SKIPPED: the browser tests, since there is no Chromium and none can be installed here.')
    return { passed: 0, failed: 0, skipped: 1, failures: [] }
  }
  const report = await noReport(name)
  const code = await exitCodeOf('@playwright/test/cli.js', ['test', '--reporter=list,json', ...args], {
    ...env,
    CHROMIUM: browser,
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
  })
  const told: unknown = JSON.parse(await readFile(report, 'utf8'))
  const { stats } = playwrightReport.parse(told)
  return {
    passed: stats.expected,
    // Flaky counts as failed: a test that passes only the second time is a bug in the product or in the test.
    ...failuresOf({ name, code, failures: failedInPlaywright(told) }),
    skipped: stats.skipped,
  }
}

interface Ended {
  name: string
  code: number
  failures: string[]
}

/** A file that does not load, or an error outside any test, fails a run without failing a test. */
function failuresOf({ name, code, failures }: Ended): Pick<Counts, 'failed' | 'failures'> {
  if (code === 0 || failures.length > 0) return { failed: failures.length, failures }
  return { failed: 1, failures: [`${name} ended with ${code} although no test failed: what it printed says why`] }
}

export function sumOf(all: Counts[]): Counts {
  return all.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
    failures: [...a.failures, ...b.failures],
  }))
}

/** Prints what failed and the line that a run ends with, and lets the process fail if a test did. */
export function conclude({ passed, failed, skipped, failures }: Counts): void {
  process.exitCode = failed === 0 ? 0 : 1
  for (const failure of failures) console.log(`FAILED ${failure}`)
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
}

/** The path of a report, where none of an earlier run lies. */
async function noReport(name: string): Promise<string> {
  const report = join(REPORTS, `${name}.json`)
  await rm(report, { force: true })
  return report
}
