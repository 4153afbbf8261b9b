import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../root.ts'

/** The agents that are tested, each at the version that it was tested at last. */
const VERSIONS = {
  '@anthropic-ai/claude-code': '2.1.329',
  '@openai/codex': '0.169.0',
  '@google/gemini-cli': '0.61.0',
  'opencode-ai': '1.18.33',
} as const

const INSTALL_LIMIT_MS = 10 * 60_000
const BUILD = `${process.platform}-${process.arch}`

/** Where their commands lie, for a `PATH`. */
export const AGENTS_BIN = join(ROOT, '.build', 'agents', 'bin')

/** Installs the agents' command lines where builds lie, beside the project's own packages and not among them: 1.2 GB. */
export function installAgents(): void {
  const packages = Object.entries(VERSIONS).map(([name, version]) => `${name}@${version}`)
  installInto('agents', packages)
  mkdirSync(AGENTS_BIN, { recursive: true })
  for (const [name, line] of Object.entries(commands(join(ROOT, '.build', 'agents', 'node_modules')))) {
    const file = join(AGENTS_BIN, name)
    writeFileSync(file, `#!/bin/sh\nexec ${line} "$@"\n`)
    chmodSync(file, 0o755)
  }
}

/** Installs packages, at the versions that they name, into a folder of `.build` once; answers that folder. */
export function installInto(name: string, packages: readonly string[]): string {
  const folder = join(ROOT, '.build', name)
  const stamp = join(folder, `${packages.join('+').replaceAll('/', '_')}.stamp`)
  if (existsSync(stamp)) return folder
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const options = ['--no-save', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error']
  execFileSync('npm', ['install', ...options, ...packages], {
    cwd: folder,
    stdio: 'inherit',
    timeout: INSTALL_LIMIT_MS,
  })
  writeFileSync(stamp, '')
  return folder
}

/** Straight to the programs: the packages' own starters want install scripts, or another Node. */
function commands(modules: string): Record<string, string> {
  return {
    claude: join(modules, `@anthropic-ai/claude-code-${BUILD}/claude`),
    codex: `${process.execPath} ${join(modules, '@openai/codex/bin/codex.js')}`,
    gemini: `${process.execPath} ${join(modules, '@google/gemini-cli/bundle/gemini.js')}`,
    opencode: join(modules, `opencode-${BUILD}/bin/opencode`),
  }
}
