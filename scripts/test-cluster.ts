import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { exitCodeOf } from './run-tool.ts'
import { ROOT } from './root.ts'

/**
 * Tests on a real Kubernetes: starts the test bed, builds the images, runs `*.cluster.ts`, and ends with one line of
 * counts. Without the test bed it says so and fails: whoever asked for these tests wanted them.
 */
const TESTBED = join(ROOT, '..', 'shared', 'testbed')
const REPORT = join(ROOT, '.build', 'reports', 'cluster.json')
/** Images of these tests, apart from those that somebody works with. */
const IMAGES = { IMAGE_REGISTRY: 'devex.test', IMAGE_TAG: 'test' }

const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numTotalTests: z.int(),
})

async function main(): Promise<boolean> {
  if (!existsSync(join(TESTBED, 'up')) || process.getuid?.() !== 0) {
    console.log('There is no test bed here (or this is not root): nothing was tested on a cluster.')
    return false
  }
  if (spawnSync(join(TESTBED, 'up'), { stdio: 'inherit' }).status !== 0) throw new Error('The test bed does not start.')
  const env = { ...testbedEnv(), ...IMAGES }
  if ((await exitCodeOf('../scripts/build.ts', [])) !== 0) throw new Error('The build failed.')
  if ((await exitCodeOf('../scripts/images.ts', [], env)) !== 0) throw new Error('The images could not be built.')
  await mkdir(join(ROOT, '.build', 'reports'), { recursive: true })
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
  const skipped = numTotalTests - passed - numFailedTests
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
  return failed === 0
}

/** What the test bed's `env` exports. */
function testbedEnv(): Record<string, string> {
  const text = execFileSync('bash', ['-c', '. "$0/env" && env -0', TESTBED], { encoding: 'utf8' })
  const all = text.split('\0').map((line) => line.split(/=(.*)/s))
  return Object.fromEntries(
    all.flatMap(([name = '', value = '']) =>
      name === 'KUBECONFIG' || name.startsWith('TESTBED_') ? [[name, value]] : [],
    ),
  )
}

process.exitCode = (await main()) ? 0 : 1
