import { defineConfig } from 'vitest/config'

/** The long tests: what `npm test` does with a few hundred faults and small trees, with many and with large ones. */
export default defineConfig({
  test: {
    include: ['{server,mcp-sidecar,runner-image}/**/*.faults.ts'],
    exclude: ['**/node_modules/**', 'templates/**'],
    testTimeout: 60 * 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
})
