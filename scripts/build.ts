import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { buildSandbox } from './build-sandbox.ts'
import { runTool } from './run-tool.ts'
import { ROOT } from './root.ts'
import { runIfStale } from './stale.ts'

/** Builds what is stale: the sandbox's programs, and (but in development) the application's pages. */
await runIfStale({
  name: 'sandbox',
  inputs: [
    'runner-image/**/*.ts',
    'mcp-sidecar/**/*.ts',
    'scripts/build-sandbox.ts',
    'scripts/compiled-code/*.ts',
    'package-lock.json',
  ],
  output: '.build/sandbox/runner.mjs',
  run: buildSandbox,
})
if (!process.argv.includes('--dev')) {
  await runIfStale({
    name: 'pages',
    inputs: [
      'app/**/*',
      'components/**/*',
      'server/**/*.ts',
      'runner-image/protocol/*.ts',
      'public/**/*',
      '*.config.{ts,mjs}',
      'proxy.ts',
      'tsconfig.json',
      'package-lock.json',
    ],
    output: '.next/BUILD_ID',
    run: async () => {
      // Types left there by a development server of routes that are gone would fail the build.
      await rm(join(ROOT, '.next', 'dev'), { recursive: true, force: true })
      await runTool('next/dist/bin/next', ['build'], { NEXT_TELEMETRY_DISABLED: '1' })
    },
  })
}
