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

/** The whole application but its pages, over real runners and sidecars and the disk; in a new folder unless one is given. */
export async function stage({
  data,
  publicUrl = new URL('http://localhost:3000'),
  bundle = BUNDLE,
}: { data?: string; publicUrl?: URL; bundle?: string } = {}): Promise<Stage> {
  await using opened = new AsyncDisposableStack()
  const folder = data ?? mkdtempSync(join(tmpdir(), 'devex-real-'))
  if (data === undefined) opened.defer(() => rm(folder, { recursive: true, force: true }))
  const controlSocket = join(folder, 'control.sock')
  const internal = createServer()
  internal.listen(controlSocket)
  await once(internal, 'listening')
  opened.defer(() => {
    internal.close()
    internal.closeAllConnections()
  })
  const lines: string[] = []
  const app = opened.use(
    await createContext({
      env: readEnv({ ISOLATION: 'none', ALLOW_UNISOLATED: 'true', SPARE_SANDBOXES: '1' }),
      log: createLog({ level: 'info', format: 'text', write: (line) => lines.push(line) }),
      dataFolder: folder,
      secret: 'a secret of a test, long enough for it',
      controlSocket,
      sandboxBundle: bundle,
      templatesFolder: join(ROOT, 'templates'),
      publicUrl: () => publicUrl,
    }),
  )
  internal.on('request', app.internalApi)
  opened.defer(() => app.lifecycle.stopAll())
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
