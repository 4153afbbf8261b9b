import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { processEnv, publishForNext } from '#server/env.ts'
import { createContext } from '#server/context.ts'
import { openDataFolder } from '#server/data-folder.ts'
import { AppError } from '#server/errors.ts'
import { shareContext } from '#server/global.ts'
import { createHttpServer } from '#server/http-server.ts'
import { createLateListener } from '#server/late-listener.ts'
import { listenOnPort, listenOnSocket } from '#server/listen.ts'
import { createLog } from '#server/log.ts'
import { outliveLogReaders } from '#server/log-readers.ts'
import { prepareNext } from '#server/next-app.ts'
import { trustToo } from '#server/trust.ts'
import { createTrpcSocket } from '#server/trpc/socket.ts'
import type { Application } from '#server/context.ts'
import type { Env } from '#server/env.ts'
import type { Log } from '#server/log.ts'

/** What requests under way get when another replica takes over: a call of an agent waits for 45 s; the pod has 60. */
const DRAIN_MS = 48_000

/** After the second Ctrl-C: nothing is lost by an end without ceremony. */
const FORCED_END_MS = 5_000

const ROOT = join(import.meta.dirname, '..')

/** Starts everything, and ends it when told to. The only file that handles signals or exits. */
async function main(): Promise<void> {
  outliveLogReaders()
  const env = processEnv()
  if (env.CA_FILE !== undefined) await trustToo(env.CA_FILE)
  const log = createLog({ level: env.LOG_LEVEL, format: env.LOG_FORMAT ?? (process.stdout.isTTY ? 'text' : 'json') })
  const stop = stopSignal(log)
  await using open = new AsyncDisposableStack()

  const data = await openDataFolder(env.DEVEX_DATA)
  const http = createHttpServer(log)
  const port = await listenOnPort(http.server, env.HOST, env.PORT)
  open.defer(() => http.close())
  const publicUrl = new URL(env.PUBLIC_URL ?? `http://localhost:${port}`)
  publishForNext(publicUrl)

  const internalCalls = createLateListener()
  const internal = createServer(internalCalls.listener)
  const controlSocket = controlSocketOf(data.path)
  await listenOnSocket(internal, controlSocket)
  open.defer(() => close(internal))

  const application = open.use(
    await createContext({
      env,
      log,
      dataFolder: data.path,
      secret: env.DEVEX_SECRET ?? data.secret,
      controlSocket,
      sandboxBundle: join(ROOT, '.build', 'sandbox'),
      templatesFolder: join(ROOT, 'templates'),
      publicUrl: () => publicUrl,
    }),
  )
  internalCalls.answerWith(application.internalApi)
  if (application.listenForSandboxes !== undefined) open.use(await application.listenForSandboxes())
  shareContext(application.context)

  const trpcSocket = createTrpcSocket(application.context)
  open.use(trpcSocket)
  const next = await prepareNext({ dir: ROOT, isDev: process.argv.includes('--dev'), hostname: env.HOST, port })
  open.use(next)
  http.serve({
    gateway: application.gateway,
    authorization: application.authorization,
    trpcSocket: trpcSocket.handleUpgrade,
    next,
    appHosts: () => appHosts(env, publicUrl, port),
  })

  await greet(application, { env, log, publicUrl })
  await stop.first
  // On a cluster another replica goes on with what runs; on this machine nobody would.
  if (env.orchestrator.provider === 'kubernetes') {
    // With records of its own it is the only one: nobody takes over, and the next one cannot begin before it has ended.
    if (env.stateStore.provider === 'sqlite') return log.info('stopping: sandboxes go on')
    log.info('stopping: sandboxes go on, and so do requests under way (again Ctrl-C cuts them off)', { DRAIN_MS })
    return await Promise.race([http.drain(DRAIN_MS), stop.second])
  }
  log.info('stopping: saving and stopping what runs (again Ctrl-C leaves it running)')
  await Promise.race([application.lifecycle.stopAll(), stop.second])
}

/** Says where it is and how to sign in. */
async function greet(
  application: Application,
  { env, log, publicUrl }: { env: Env; log: Log; publicUrl: URL },
): Promise<void> {
  if (env.github === undefined) {
    const link = new URL(`/local?token=${await application.context.auth.localSignIn.newToken()}`, publicUrl)
    log.info(`ready: open ${link.href} (signs this browser in, once)`)
  } else {
    log.info(`ready: open ${publicUrl.href}`)
  }
}

/** The hosts that the app answers to; previews have hosts of their own. */
function appHosts(env: Env, publicUrl: URL, port: number): string[] {
  const names = env.isLoopback ? ['localhost', '127.0.0.1', '[::1]'] : []
  return [publicUrl.host, ...names.map((name) => `${name}:${port}`)]
}

/** A short path (a socket's ends at 107 bytes), the same for the same data folder. */
function controlSocketOf(dataFolder: string): string {
  const name = createHash('sha256').update(dataFolder).digest('hex').slice(0, 16)
  return `/tmp/devex-${process.getuid?.() ?? 0}/control-${name}.sock`
}

/** Ctrl-C and SIGTERM: the first asks for an orderly end, the second for an end now, whatever does not answer just then. */
function stopSignal(log: Log): { first: Promise<void>; second: Promise<void> } {
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  let count = 0
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      count += 1
      log.info('signal', { signal })
      if (count === 1) return first.resolve()
      second.resolve()
      setTimeout(() => {
        log.warn('what was to be closed does not end: it is left as it is, and taken up at the next start')
        process.exit(1)
      }, FORCED_END_MS).unref()
    })
  }
  return { first: first.promise, second: second.promise }
}

function close(server: ReturnType<typeof createServer>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

try {
  await main()
  process.exit(0)
} catch (error) {
  const advice = error instanceof AppError && error.advice !== undefined ? `\n${error.advice}` : ''
  process.stderr.write(`Devex cannot run. ${error instanceof Error ? error.message : String(error)}${advice}\n`)
  if (!(error instanceof AppError) && error instanceof Error && error.name !== 'EnvError')
    process.stderr.write(`${error.stack}\n`)
  process.exit(1)
}
