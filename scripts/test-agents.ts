import { installAgents } from './agents/install.ts'
import { installSandboxTools } from './browser.ts'
import { exitCodeOf } from './run-tool.ts'

/**
 * Installs the agents, builds the product if it is stale, then tests the one with the other: `npm run test:agents`, or with
 * the name of a file for that one alone.
 */
installSandboxTools()
installAgents()
const args = ['run', '--config', 'vitest.agents.config.ts', ...process.argv.slice(2)]
const built = await exitCodeOf('../scripts/build.ts', [])
process.exitCode = built === 0 ? await exitCodeOf('vitest/vitest.mjs', args) : built
