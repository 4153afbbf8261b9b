import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { findBrowser, installSandboxTools, starts } from './browser.ts'
import { check } from './check.ts'
import { exitCodeOf } from './run-tool.ts'
import { ROOT } from './root.ts'

const REPORTS = join(ROOT, '.build', 'reports')

interface Counts {
  passed: number
  failed: number
  skipped: number
}

const vitestReport = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTotalTests: z.int(),
  success: z.boolean(),
})
const playwrightReport = z.object({
  stats: z.object({ expected: z.int(), unexpected: z.int(), flaky: z.int(), skipped: z.int() }),
})

/** Types, lint and the rest of `check`; unit and contract tests; browser tests. Ends with one line of counts. */
async function main(): Promise<Counts> {
  await rm(REPORTS, { recursive: true, force: true })
  await mkdir(REPORTS, { recursive: true })
  installSandboxTools()
  const checks = await check()
  const built = await exitCodeOf('../scripts/build.ts', [])
  const unit = await unitTests()
  const browser = built === 0 ? await browserTests() : { passed: 0, failed: 1, skipped: 0 }
  return sum([{ ...checks, skipped: 0 }, unit, browser])
}

async function unitTests(): Promise<Counts> {
  const report = join(REPORTS, 'vitest.json')
  const code = await exitCodeOf('vitest/vitest.mjs', [
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ])
  const counts = vitestReport.parse(JSON.parse(await readFile(report, 'utf8')))
  // A file that does not load, or an error outside any test, fails the run without failing a test.
  const failed = counts.numFailedTests + (code !== 0 && counts.numFailedTests === 0 ? 1 : 0)
  return {
    passed: counts.numPassedTests,
    failed,
    skipped: counts.numTotalTests - counts.numPassedTests - counts.numFailedTests,
  }
}

async function browserTests(): Promise<Counts> {
  const browser = await findBrowser()
  if (browser === undefined || !starts(browser)) {
    console.log('SKIPPED: the browser tests, since there is no Chromium and none can be installed here.')
    return { passed: 0, failed: 0, skipped: 1 }
  }
  const report = join(REPORTS, 'playwright.json')
  const code = await exitCodeOf('@playwright/test/cli.js', ['test', '--reporter=list,json'], {
    CHROMIUM: browser,
    PLAYWRIGHT_JSON_OUTPUT_NAME: report,
  })
  const { stats } = playwrightReport.parse(JSON.parse(await readFile(report, 'utf8')))
  // Flaky counts as failed: a test that passes only the second time is a bug in the product or in the test.
  const failed = stats.unexpected + stats.flaky
  return { passed: stats.expected, failed: failed + (code !== 0 && failed === 0 ? 1 : 0), skipped: stats.skipped }
}

function sum(all: Counts[]): Counts {
  return all.reduce((a, b) => ({
    passed: a.passed + b.passed,
    failed: a.failed + b.failed,
    skipped: a.skipped + b.skipped,
  }))
}

const { passed, failed, skipped } = await main()
process.exitCode = failed === 0 ? 0 : 1
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
