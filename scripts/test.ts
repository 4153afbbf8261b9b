import { mkdir, rm } from 'node:fs/promises'
import { installSandboxTools } from './browser.ts'
import { check } from './check.ts'
import { REPORTS, conclude, countPlaywright, countVitest, sumOf } from './count-tests.ts'
import type { Counts } from './count-tests.ts'
import { exitCodeOf } from './run-tool.ts'

const NOT_BUILT: Counts = { passed: 0, failed: 1, skipped: 0, failures: ['the build, so no browser test was run'] }

/** Types, lint and the rest of `check`; unit and contract tests; browser tests. Ends with one line of counts. */
async function main(): Promise<Counts> {
  await rm(REPORTS, { recursive: true, force: true })
  await mkdir(REPORTS, { recursive: true })
  installSandboxTools()
  const checks = await check()
  const built = await exitCodeOf('../scripts/build.ts', [])
  const unit = await countVitest({ name: 'vitest' })
  const browser = built === 0 ? await countPlaywright({ name: 'playwright' }) : NOT_BUILT
  return sumOf([{ ...checks, skipped: 0 }, unit, browser])
}

conclude(await main())
