import { pathToFileURL } from 'node:url'
import { checkGenerated } from './gen.ts'
import { exitCodeOf } from './run-tool.ts'
import { validateTemplates } from '#server/workspaces/load-templates.ts'
import { ROOT } from './root.ts'

/** One thing that must hold of the sources. */
interface Check {
  name: string
  run: () => Promise<boolean>
}

const CHECKS: Check[] = [
  { name: 'node', run: async () => Number(process.versions.node.split('.')[0]) >= 24 },
  { name: 'format', run: () => passes('oxfmt/bin/oxfmt', ['--check', '.']) },
  { name: 'lint', run: () => passes('oxlint/bin/oxlint', ['--type-aware', '--deny-warnings']) },
  { name: 'types', run: () => passes('typescript/bin/tsc', ['-p', '.']) },
  { name: 'types of the runner', run: () => passes('typescript/bin/tsc', ['-p', 'runner-image']) },
  { name: 'types of the sidecar', run: () => passes('typescript/bin/tsc', ['-p', 'mcp-sidecar']) },
  { name: 'dead code', run: () => passes('knip/bin/knip.js', []) },
  { name: 'generated files', run: () => isEmpty(checkGenerated()) },
  { name: 'templates', run: () => isEmpty(validateTemplates(`${ROOT}/templates`)) },
]

/** Runs every check, however many fail, and says which did. */
export async function check(): Promise<{ passed: number; failed: number; failures: string[] }> {
  const failures: string[] = []
  for (const { name, run } of CHECKS) {
    const started = Date.now()
    const ok = await run()
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
    if (!ok) failures.push(name)
  }
  if (failures.length > 0) console.error(`check failed: ${failures.join(', ')}`)
  return { passed: CHECKS.length - failures.length, failed: failures.length, failures }
}

async function passes(script: string, args: string[]): Promise<boolean> {
  return (await exitCodeOf(script, args)) === 0
}

async function isEmpty(problems: Promise<string[]>): Promise<boolean> {
  const found = await problems
  for (const problem of found) console.error(problem)
  return found.length === 0
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { failed } = await check()
  process.exitCode = failed === 0 ? 0 : 1
}
