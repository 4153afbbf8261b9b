import { existsSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createContext } from '#server/context.ts'
import type { Application } from '#server/context.ts'
import { readEnv } from '#server/env.ts'
import { createLog } from '#server/log.ts'

const ROOT = join(import.meta.dirname, '../..')
const BUNDLE = join(ROOT, '.build/sandbox')
export const STAGE_SECRET = 'a secret of a test, long enough for it'
/** How long one test may take. */
export const LIMIT_MS = 60_000
/** Why nothing can be tested here, for the name of a test; empty where it can. */
export const why = existsSync(join(BUNDLE, 'sidecar.mjs'))
  ? ''
  : ' (skipped: npm run build has not made .build/sandbox)'

export interface Stage extends AsyncDisposable {
  app: Application
  folder: string
  /** The volume of the repl's sandbox, as its processes see it. */
  volumeOf(replId: string): Promise<string>
  lines: string[]
}

interface StageOptions {
  data?: string
  publicUrl?: URL
  bundle?: string
  /** A Redis in the place of the file of state. */
  redisUrl?: string
  /** A stage whose sandboxes this one shares, those that run already: a second control plane. */
  beside?: Stage
}

/** The whole application but its pages, over real runners and sidecars and the disk; in a new folder unless one is given. */
export async function stage({
  beside,
  data = beside?.folder,
  publicUrl = new URL('http://localhost:3000'),
  bundle = BUNDLE,
  redisUrl,
}: StageOptions = {}): Promise<Stage> {
  await using opened = new AsyncDisposableStack()
  const folder = data ?? mkdtempSync(join(tmpdir(), 'devex-real-'))
  if (data === undefined) opened.defer(() => rm(folder, { recursive: true, force: true }))
  const controlSocket = join(folder, 'control.sock')
  const internal = createServer()
  if (beside === undefined) {
    internal.listen(controlSocket)
    await once(internal, 'listening')
    opened.defer(() => {
      internal.close()
      internal.closeAllConnections()
    })
  }
  const lines: string[] = []
  const app = opened.use(
    await createContext({
      env: readEnv({
        ISOLATION: 'none',
        ALLOW_UNISOLATED: 'true',
        // What one of two makes, the other does not see on one machine.
        SPARE_SANDBOXES: redisUrl === undefined ? '1' : '0',
        ...(redisUrl !== undefined && { STATE_STORE: 'redis', REDIS_URL: redisUrl }),
      }),
      log: createLog({ level: 'info', format: 'text', write: (line) => lines.push(line) }),
      dataFolder: folder,
      secret: STAGE_SECRET,
      controlSocket,
      sandboxBundle: bundle,
      templatesFolder: join(ROOT, 'templates'),
      publicUrl: () => publicUrl,
    }),
  )
  internal.on('request', app.internalApi)
  if (beside === undefined) opened.defer(() => app.lifecycle.stopAll())
  const owned = opened.move()
  return {
    app,
    folder,
    lines,
    volumeOf: async (replId) => {
      const running = await app.lifecycle.ensureRunning(replId, AbortSignal.timeout(LIMIT_MS))
      return join(folder, 'sandboxes', running.sandboxId, 'volume')
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
