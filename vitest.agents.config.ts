import { defineConfig } from 'vitest/config'

/** The agents that people use, as their makers ship them, with a scripted model. Run by `scripts/test-agents.ts`. */
export default defineConfig({
  test: {
    include: ['scripts/agents/**/*.agents.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 3 * 60_000,
    hookTimeout: 3 * 60_000,
    maxWorkers: 1,
  },
})
