import { installAgents } from './agents/install.ts'
import { exitCodeOf } from './run-tool.ts'

/** Installs the agents, then tests with them: `npm run test:agents`, or with the name of a file for that one alone. */
installAgents()
const args = ['run', '--config', 'vitest.agents.config.ts', ...process.argv.slice(2)]
process.exitCode = await exitCodeOf('vitest/vitest.mjs', args)
