import { defineConfig } from 'vitest/config'

/** Long tests: many faults, many rounds, large trees. Minutes to an hour. */
export default defineConfig({
  test: {
    include: ['{server,runner-image,mcp-sidecar}/**/*.faults.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 60 * 60_000,
    hookTimeout: 60_000,
    // One file at a time: they fill both cores and gigabytes of disk.
    maxWorkers: 1,
  },
})
