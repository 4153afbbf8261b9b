import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'

const run = promisify(execFile)

/** How long one suite may take. */
export const SUITE_MS = 120_000

interface Suite {
  what: string
  /** The package: two versions of one. */
  program: 'conformance' | 'conformance-next'
  args: string[]
  /** Checks that there are at least: a suite that runs none has passed nothing. */
  least: number
}

/** What a server is asked by the protocol's own suites, released and next. */
export const SUITES: Suite[] = [
  { what: 'every active scenario of the released suite', program: 'conformance', args: [], least: 40 },
  ...[
    { revision: '2025-11-25', least: 77 },
    { revision: '2026-07-28', least: 150 },
  ].map(({ revision, least }): Suite => ({
    what: `what counts for revision ${revision} in the next suite`,
    program: 'conformance-next',
    args: ['--requirements', revision],
    least,
  })),
]

/** Runs a suite against the server at `url`; the scored checks that failed, by scenario. */
export async function runSuite({ program, args }: Suite, url: string): Promise<{ passed: number; failures: string[] }> {
  const output = await outputOf(program, ['--url', url, ...args])
  const summary = output.slice(output.indexOf('=== SUMMARY ==='))
  // What comes after is not scored: extensions, and checks that are pending.
  const unscored = [...summary.slice(summary.indexOf('Not scored')).matchAll(/^ +✗ (\S+)/gm)].map(([, each]) => each)
  const failures = [...summary.matchAll(/^✗ ([^:\s]+)/gm)].flatMap(([, each]) => each ?? [])
  return {
    passed: Number(/Total: (\d+) passed/.exec(summary)?.[1] ?? 0),
    failures: failures.filter((each) => !unscored.includes(each)),
  }
}

/** Runs one scenario of the next suite. */
export async function runScenario(
  scenario: string,
  { revision, url }: { revision: string; url: string },
): Promise<{ passed: number; failed: number }> {
  const asked = ['--url', url, '--scenario', scenario, '--spec-version', revision]
  const [, passed, , failed] =
    /Passed: (\d+)\/(\d+), (\d+) failed/.exec(await outputOf('conformance-next', asked)) ?? []
  return { passed: Number(passed ?? 0), failed: Number(failed ?? Infinity) }
}

/** What a program prints, whether it is satisfied or not. */
async function outputOf(program: Suite['program'], args: string[]): Promise<string> {
  const path = fileURLToPath(import.meta.resolve(`../../../node_modules/${program}/dist/index.js`))
  try {
    const options = { timeout: SUITE_MS, maxBuffer: 64 * 1024 * 1024 }
    return (await run(process.execPath, [path, 'server', ...args], options)).stdout
  } catch (error) {
    return typeof error === 'object' && error !== null && 'stdout' in error ? String(error.stdout) : String(error)
  }
}
