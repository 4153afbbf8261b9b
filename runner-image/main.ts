import { readFileSync } from 'node:fs'
import { openRequestSchema } from '#protocol/adoption.ts'
import { REHEARSAL_AFTER_MS } from '#protocol/limits.ts'
import { WORKSPACE_DIR } from '#protocol/paths.ts'
import { processEnv } from './env.ts'
import { loadWatcher } from './files/watch.ts'
import { createLog } from './log.ts'
import { rehearse } from './rehearsal.ts'
import { startRunner } from './runner.ts'
import { warmUpAuthorize } from './sockets/authorize.ts'

/** Entry point of the runner: the process of a sandbox that owns its terminals, files and processes. */
async function main(): Promise<void> {
  // A full disk or a closed pipe fails each line: that is no reason to end, nor to be told of, in turn, by another line.
  process.stderr.on('error', () => undefined)
  const log = createLog((line) => void process.stderr.write(`${line}\n`))
  const env = processEnv()
  // Every shell of the repl hangs on this process: a mistake in one request must not end them all.
  process.on('uncaughtException', (error) => log.error('Something failed that nothing was prepared for.', error))
  process.on('unhandledRejection', (reason) => log.error('Something failed that nobody waited for.', reason))
  const runner = await startRunner({ env, log, ownsNamespace: ownsNamespace(env.WORKSPACE_DIR) })
  log.info('The runner is up.', { sandbox: env.SANDBOX_ID, startMs: Math.round(performance.now()) })
  // A schema makes its code when it first meets each part: not while somebody waits for their sandbox.
  openRequestSchema.safeParse({ clone: {}, run: {}, runGuesses: [{}] })
  void warmUpAuthorize(env.CONTROL_PUBLIC_KEY)
  // What fails here fails again, and is told, when a folder is to be watched.
  loadWatcher().catch(() => undefined)
  const rehearsal = setTimeout(() => {
    if (!runner.isOpening) rehearse().catch((error: unknown) => log.error('No terminal could be rehearsed.', error))
  }, REHEARSAL_AFTER_MS)
  const stop = () => {
    // A second signal ends it at once, as by default.
    process.off('SIGTERM', stop)
    process.off('SIGINT', stop)
    clearTimeout(rehearsal)
    void runner[Symbol.asyncDispose]().then(
      () => process.exit(0),
      (error: unknown) => {
        log.error('The runner could not end cleanly.', error)
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

const INITS = ['bwrap', 'tini']

/** In a container its parent is the first process, a small init; under bubblewrap that one is bubblewrap, and the workspace is bound. */
function ownsNamespace(workspace: string): boolean {
  if (process.pid === 1) return true
  return workspace === WORKSPACE_DIR && INITS.includes(readFileSync('/proc/1/comm', 'utf8').trim())
}

void main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
