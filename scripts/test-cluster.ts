import { mkdir } from 'node:fs/promises'
import { REPORTS, conclude, countPlaywright, countVitest, sumOf } from './count-tests.ts'
import { hasTestbed, prepareTestbed } from './testbed.ts'

/**
 * Tests on a real Kubernetes: starts the test bed, builds the images, runs `*.cluster.ts`, then a browser against the
 * product as it is deployed, and ends with one line of counts. Without the test bed it says so and fails: whoever asked
 * for these tests wanted them.
 */
if (hasTestbed()) {
  const env = await prepareTestbed()
  await mkdir(REPORTS, { recursive: true })
  const args = ['--config', 'vitest.cluster.config.ts', ...process.argv.slice(2)]
  const cluster = await countVitest({ name: 'cluster', args, env })
  // The control plane from its own image, as `kubectl apply -k` installs it.
  const deployed = await countPlaywright({ name: 'deployed', args: ['--config', 'playwright.cluster.config.ts'], env })
  conclude(sumOf([cluster, deployed]))
} else {
  console.log('There is no test bed here (or this is not root): nothing was tested on a cluster.')
  process.exitCode = 1
}
