import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { exitCodeOf } from './run-tool.ts'
import { ROOT } from './root.ts'

/** A real Kubernetes, S3 and Redis on this machine, where it lies beside the project. */
const TESTBED = join(ROOT, '..', 'shared', 'testbed')

/**
 * Of one start of it. Where its bridge stands already, a busy machine makes `ip … | grep -q` under `pipefail` say now and
 * then that it has no address: a race of the test bed's own, and what it has begun it goes on with.
 */
const UP_TRIES = 8

/** Images of tests, apart from those that somebody works with. */
const IMAGES = { IMAGE_REGISTRY: 'devex.test', IMAGE_TAG: 'test' }

/** Whether there is a test bed that we may start. */
export function hasTestbed(): boolean {
  return existsSync(join(TESTBED, 'up')) && process.getuid?.() === 0
}

/** Starts the test bed and brings this project's images there; the variables that name both. */
export async function prepareTestbed(): Promise<Record<string, string>> {
  testbedUp()
  const env = { ...testbedEnv(), ...IMAGES }
  if ((await exitCodeOf('../scripts/build.ts', [])) !== 0) throw new Error('The build failed.')
  if ((await exitCodeOf('../scripts/images.ts', [], env)) !== 0) throw new Error('The images could not be built.')
  return env
}

/** Starts it, or what of it has died. `part`: what is not started by itself, such as `scale`. */
export function testbedUp(...part: string[]): void {
  for (let tries = 0; tries < UP_TRIES; tries++)
    if (spawnSync(join(TESTBED, 'up'), part, { stdio: 'inherit' }).status === 0) return
  throw new Error(`The test bed does not start: ${join(TESTBED, 'up')} failed ${UP_TRIES} times.`)
}

/** What the test bed's `env` exports. */
function testbedEnv(): Record<string, string> {
  const text = execFileSync('bash', ['-c', '. "$0/env" && env -0', TESTBED], { encoding: 'utf8' })
  const all = text.split('\0').map((line) => line.split(/=(.*)/s))
  return Object.fromEntries(
    all.flatMap(([name = '', value = '']) =>
      name === 'KUBECONFIG' || name.startsWith('TESTBED_') ? [[name, value]] : [],
    ),
  )
}
