import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serveEndpoint } from './_conformance/serve.ts'
import type { ServedEndpoint } from './_conformance/serve.ts'

const run = promisify(execFile)
const TIME_MS = 120_000

describe('the endpoint, asked by the conformance suites', () => {
  let served: ServedEndpoint

  beforeAll(async () => {
    served = await serveEndpoint([], { isConformance: true })
    served.presents(await served.token())
  })
  afterAll(() => served[Symbol.asyncDispose]())

  const suite = async (name: 'conformance' | 'conformance-next', args: string[]) => {
    const program = fileURLToPath(import.meta.resolve(`../../node_modules/${name}/dist/index.js`))
    const failed = (error: unknown) =>
      typeof error === 'object' && error !== null && 'stdout' in error
        ? { stdout: String(error.stdout) }
        : { stdout: String(error) }
    const { stdout } = await run(process.execPath, [program, 'server', '--url', served.url, ...args], {
      timeout: TIME_MS,
      maxBuffer: 64 * 1024 * 1024,
    }).catch(failed)
    const summary = stdout.slice(stdout.indexOf('=== SUMMARY ==='))
    // What comes after is not scored: extensions, and checks that are pending.
    const unscored = [...summary.slice(summary.indexOf('Not scored')).matchAll(/^ +✗ (\S+)/gm)].map(([, each]) => each)
    const failures = [...summary.matchAll(/^✗ ([^:\s]+)/gm)].map(([, each]) => each)
    return {
      passed: Number(/Total: (\d+) passed/.exec(summary)?.[1] ?? 0),
      failures: failures.filter((each) => !unscored.includes(each)),
    }
  }

  it(
    'passes every active scenario of the released suite',
    async () => {
      const { passed, failures } = await suite('conformance', [])
      expect(failures).toEqual([])
      expect(passed).toBeGreaterThanOrEqual(40)
    },
    TIME_MS,
  )

  it.each([
    ['2025-11-25', 77],
    ['2026-07-28', 150],
  ])(
    'passes what counts for revision %s in the next suite',
    async (revision, least) => {
      const { passed, failures } = await suite('conformance-next', ['--requirements', revision])
      expect(failures).toEqual([])
      expect(passed).toBeGreaterThanOrEqual(least)
    },
    TIME_MS,
  )
})
