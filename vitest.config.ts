import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['{app,components,server,runner-image,mcp-sidecar,scripts}/**/*.test.{ts,tsx}'],
    exclude: ['**/node_modules/**', 'templates/**', 'app/_e2e/**'],
    // Real shells, sockets and sandboxes on two cores: a slow machine is no failure, a hang is.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Vitest's own second is less than what a loaded machine, or a rest that the product takes, may need.
    expect: { poll: { timeout: 10_000 } },
  },
})
