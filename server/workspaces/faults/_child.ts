/** A control plane without pages, as a process that can be killed: `_product.ts` starts it and tells it what to do. */
import { createServer } from 'node:http'
import { encode } from 'next-auth/jwt'
import { join } from 'node:path'
import { createContext } from '#server/context.ts'
import { openDataFolder } from '#server/data-folder.ts'
import { readEnv } from '#server/env.ts'
import { listenOnPort, listenOnSocket } from '#server/listen.ts'
import { createLog } from '#server/log.ts'
import { trustToo } from '#server/trust.ts'
import { askSchema, settingsSchema } from '#server/workspaces/faults/_wire.ts'
import type { Ask, Told } from '#server/workspaces/faults/_wire.ts'
import type { Application } from '#server/context.ts'
import type { Principal } from '#server/auth/principal.ts'

const ROOT = join(import.meta.dirname, '../../..')

const settings = settingsSchema.parse(JSON.parse(process.argv[2] ?? ''))
const env = readEnv({ ...settings.env, DEVEX_DATA: settings.dataFolder, PORT: String(settings.port) })
if (env.CA_FILE !== undefined) await trustToo(env.CA_FILE)
const data = await openDataFolder(settings.dataFolder)
const internal = createServer()
await listenOnSocket(internal, settings.controlSocket)
const http = createServer()
const port = await listenOnPort(http, '127.0.0.1', settings.port)
const app = await createContext({
  env,
  log: createLog({ level: 'info', format: 'text' }),
  dataFolder: data.path,
  secret: env.DEVEX_SECRET ?? data.secret,
  controlSocket: settings.controlSocket,
  sandboxBundle: join(ROOT, '.build/sandbox'),
  templatesFolder: join(ROOT, 'templates'),
  publicUrl: () => new URL(`http://localhost:${port}`),
})
internal.on('request', app.internalApi)
await app.listenForSandboxes?.()
http.on('upgrade', (request, socket, head) => app.gateway.handleUpgrade(request, socket, head))

const { auth } = app.context
const user = await auth.users.signIn({ provider: 'local', accountId: 'local', name: 'Ada', isAdmin: true })
const who: Principal = { kind: 'user', id: user.id, name: user.name, hasAvatar: false, isAdmin: true }

process.on('message', (message) => {
  const asked = askSchema.parse(message)
  answer(app, asked).then(
    (result) => tell({ id: asked.id, result: result ?? null }),
    (error: unknown) => tell({ id: asked.id, error: error instanceof Error ? error.message : String(error) }),
  )
})
// Asked to end: what it made of the machine's network goes with it, unless sandboxes need it.
process.on('SIGTERM', () => void end())
// Whoever started it is gone.
process.on('disconnect', () => process.exit(0))
const token = await encode({ token: { sub: user.id }, secret: auth.cookieSecret })
tell({ port, userId: user.id, cookie: `next-auth.session-token=${token}` })

async function end(): Promise<void> {
  await app[Symbol.asyncDispose]()
  process.exit(0)
}

function tell(told: Told): void {
  process.send?.(told)
}

async function answer({ context, lifecycle }: Application, { call, replId }: Ask): Promise<unknown> {
  const { repls, history } = context
  switch (call) {
    case 'create':
      return (await repls.create(who, { source: { kind: 'template', template: 'empty' } })).id
    case 'start':
      return (await repls.start(who, replId)).state.kind
    case 'running':
      return (await lifecycle.ensureRunning(replId, AbortSignal.timeout(settings.patienceMs))).sandboxId
    case 'stop':
      return (await repls.stop(who, replId)).state.kind
    case 'save':
      return (await history.checkpoint(who, replId, 'saved')).id
    case 'state':
      return (await repls.get(who, replId)).state.kind
    case 'view':
      return await repls.get(who, replId)
    case 'delete':
      return await repls.delete(who, replId)
    case 'stop-all':
      return lifecycle.stopAll()
  }
}
