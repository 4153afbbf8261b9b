import { defineConfig } from 'vitest/config'

/** Tests on a real cluster: `npm run test:cluster` starts it and builds the images first. */
export default defineConfig({
  test: {
    include: ['{server,k8s}/**/*.cluster.ts'],
    exclude: ['**/node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One node with two cores: files would only wait for each other.
    maxWorkers: 1,
  },
})
