import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { findBrowser, starts } from './browser.ts'
import { exitCodeOf } from './run-tool.ts'
import { ROOT } from './root.ts'
import { hasTestbed, prepareTestbed } from './testbed.ts'

/**
 * Tests on a real Kubernetes: starts the test bed, builds the images, runs `*.cluster.ts`, then a browser against the
 * product as it is deployed, and ends with one line of counts. Without the test bed it says so and fails: whoever asked for these tests wanted them.
 */
const REPORT = join(ROOT, '.build', 'reports', 'cluster.json')

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numTotalTests: z.int(),
})

const playwrightReport = z.object({
  stats: z.object({ expected: z.int(), unexpected: z.int(), flaky: z.int(), skipped: z.int() }),
})

interface Counts {
  passed: number
  failed: number
  skipped: number
}

async function main(): Promise<boolean> {
  if (!hasTestbed()) {
    console.log('There is no test bed here (or this is not root): nothing was tested on a cluster.')
    return false
  }
  const env = await prepareTestbed()
  await mkdir(join(ROOT, '.build', 'reports'), { recursive: true })
  const cluster = await clusterTests(env)
  const deployed = await deployedTests(env)
  const [passed, failed, skipped] = [cluster.passed + deployed.passed, cluster.failed + deployed.failed, cluster.skipped + deployed.skipped] // prettier-ignore
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failed === 0
}

async function clusterTests(env: Record<string, string>): Promise<Counts> {
  await rm(REPORT, { force: true })
  const args = [
    'run',
    '--config',
    'vitest.cluster.config.ts',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${REPORT}`,
  ]
  const code = await exitCodeOf('vitest/vitest.mjs', [...args, ...process.argv.slice(2)], env)
  const {
    numPassedTests: passed,
    numFailedTests,
    numTotalTests,
  } = reportSchema.parse(JSON.parse(await readFile(REPORT, 'utf8')))
  // A file that does not load fails the run without failing a test.
  const failed = numFailedTests + (code !== 0 && numFailedTests === 0 ? 1 : 0)
  return { passed, failed, skipped: numTotalTests - passed - numFailedTests }
}

/** The control plane from its own image, as `kubectl apply -k` installs it. */
async function deployedTests(env: Record<string, string>): Promise<Counts> {
  const browser = await findBrowser()
  if (browser === undefined || !starts(browser)) {
    console.log('SKIPPED: the browser tests, since there is no Chromium and none can be installed here.')
    return { passed: 0, failed: 0, skipped: 1 }
  }
  const report = join(ROOT, '.build', 'reports', 'deployed.json')
  await rm(report, { force: true })
  const args = ['test', '--config', 'playwright.cluster.config.ts', '--reporter=list,json']
  const more = { CHROMIUM: browser, PLAYWRIGHT_JSON_OUTPUT_NAME: report }
  const code = await exitCodeOf('@playwright/test/cli.js', args, { ...env, ...more })
  const { stats } = playwrightReport.parse(JSON.parse(await readFile(report, 'utf8')))
  const failed = stats.unexpected + stats.flaky
  return { passed: stats.expected, failed: failed + (code !== 0 && failed === 0 ? 1 : 0), skipped: stats.skipped }
}

process.exitCode = (await main()) ? 0 : 1
