import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { WebSocketServer } from 'ws'
import { GRPC_SOCKET_NAME, RUNNER_ROUTES } from '#protocol/adoption.ts'
import { newId } from '#protocol/ids.ts'
import { MAX_MESSAGE_BYTES } from '#protocol/limits.ts'
import { serveTls } from '#wire/serve-tls.ts'
import type { RunnerEnv } from './env.ts'
import { RunnerError, toRunnerError } from './errors.ts'
import { ChangeHints } from './files/change-hints.ts'
import { serveFiles } from './files/http.ts'
import { openGrpcDoor } from './grpc/door.ts'
import { MAX_CONNECTIONS } from './limits.ts'
import type { Log } from './log.ts'
import { openSandbox } from './opened-sandbox.ts'
import type { OpenedSandbox } from './opened-sandbox.ts'
import { Opening } from './opening.ts'
import { Tunnels } from './preview/tunnel.ts'
import { Activity } from './processes/activity.ts'
import { sandboxTree } from './processes/sandbox-tree.ts'
import { refuseUpgrade, sendError, sendJson } from './sockets/answer.ts'
import { createAuthorize } from './sockets/authorize.ts'
import { Clients } from './sockets/clients.ts'
import { Connection } from './sockets/connection.ts'
import { serveOpen, serveQuiesce, serveVariables } from './sockets/control-routes.ts'
import { createAnswer } from './sockets/handlers.ts'
import type { AnswerRequest } from './sockets/handlers.ts'
import { greet } from './sockets/hello.ts'

interface RunnerOptions {
  env: RunnerEnv
  log: Log
  /** Whether the runner lives in a process namespace of its own. */
  ownsNamespace: boolean
}

/** A running runner; disposing of it ends all that it started. */
export interface Runner extends AsyncDisposable {
  /** Where it listens over TLS, if it does. */
  readonly tlsPort: number | undefined
  /** Whether it is a repl's, or about to become one's. */
  readonly isOpening: boolean
}

/**
 * Starts a runner on `RUNNER_SOCKET`: its routes are `RUNNER_ROUTES`. On `RUNNER_LISTEN` it serves those that ask for an
 * attach token, and its health: what the sidecar alone may ask, it asks over the socket that nobody else has.
 */
export async function startRunner({ env, log, ownsNamespace }: RunnerOptions): Promise<Runner> {
  const runner = newId()
  const tree = sandboxTree({ ownsNamespace, replId: () => opening.sandbox?.opened.repl })
  const activity = new Activity(tree)
  const hints = new ChangeHints()
  const tunnels = new Tunnels()
  const clients = new Clients(() => opening.sandbox?.interestChanged())
  const opening: Opening = new Opening({
    env,
    build: async (opened) => openSandbox({ env, opened, tree, activity, hints, clients, log }),
  })
  /** One for all connections: what takes long to find out is found out once for all who ask. */
  const answers = new WeakMap<OpenedSandbox, AnswerRequest>()
  const answerOf = (sandbox: OpenedSandbox): AnswerRequest => {
    const answer = answers.get(sandbox) ?? createAnswer(sandbox)
    answers.set(sandbox, answer)
    return answer
  }
  const authorize = createAuthorize(env.CONTROL_PUBLIC_KEY)
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES })

  const serve = async (request: IncomingMessage, response: ServerResponse, { isFromAfar }: { isFromAfar: boolean }) => {
    const { pathname } = new URL(`http://runner${request.url ?? ''}`)
    if (request.url?.startsWith(RUNNER_ROUTES.files)) {
      const sandbox = opened(opening)
      const claims = await authorize(request, sandbox.opened)
      activity.touch('files')
      return serveFiles(sandbox, { request, response, claims })
    }
    const route = `${request.method} ${pathname}`
    if (isFromAfar && route !== `GET ${RUNNER_ROUTES.health}`) throw noSuchRoute()
    switch (route) {
      case `GET ${RUNNER_ROUTES.health}`: {
        const { at: activeAt, work } = await activity.lastWork()
        const use = opening.sandbox?.disk.known
        return sendJson(response, 200, {
          runner,
          opened: opening.sandbox !== undefined,
          activeAt,
          work,
          usedBytes: use?.usedBytes,
        })
      }
      case `POST ${RUNNER_ROUTES.open}`:
        return serveOpen(opening, request, response)
      case `POST ${RUNNER_ROUTES.variables}`:
        return serveVariables(opening, request, response)
      case `POST ${RUNNER_ROUTES.quiesce}`:
        return serveQuiesce(opening, response)
      case `GET ${RUNNER_ROUTES.changes}`:
        return hints.stream(response)
      default:
        throw noSuchRoute()
    }
  }

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { pathname } = new URL(`http://runner${request.url ?? ''}`)
    if (pathname !== RUNNER_ROUTES.socket && pathname !== RUNNER_ROUTES.tunnel) {
      throw noSuchRoute()
    }
    const sandbox = opened(opening)
    const claims = await authorize(request, sandbox.opened)
    sandbox.assertRunning(pathname === RUNNER_ROUTES.tunnel ? 'preview' : 'page')
    if (pathname === RUNNER_ROUTES.tunnel) return tunnels.join(sandbox, { request, socket, head })
    if (clients.size >= MAX_CONNECTIONS) throw new RunnerError('rate_limited', 'Too many connections to this repl.')
    const run = await sandbox.run.state()
    sockets.handleUpgrade(request, socket, head, (client) => {
      const connection = new Connection({
        socket: client,
        claims,
        answer: answerOf(sandbox),
        log,
        waitingBytes: () => clients.waitingBytes,
        onClose: (closed) => clients.remove(closed),
      })
      greet(connection, { sandbox, runner, run })
      clients.add(connection)
    })
  }

  const makeServer = (from: { isFromAfar: boolean }): Server => {
    const server = createServer((request, response) => {
      void serve(request, response, from).catch((error: unknown) => {
        if (toRunnerError(error).code === 'internal')
          log.error('A request failed.', error, { route: request.url?.slice(0, 100) })
        sendError(response, error)
      })
    })
    server.on('upgrade', (request, socket, head) => {
      socket.on('error', () => socket.destroy())
      void upgrade(request, socket, head).catch((error: unknown) => {
        if (toRunnerError(error).code === 'internal') log.error('An upgrade failed.', error)
        refuseUpgrade(socket, error)
      })
    })
    // Uploads, downloads and hints take as long as they take.
    server.requestTimeout = 0
    return server
  }
  const far = makeServer({ isFromAfar: true })
  const tls =
    env.RUNNER_LISTEN === undefined
      ? undefined
      : await serveTls(far, { address: env.RUNNER_LISTEN, folder: env.TLS_DIR })
  const grpc = await openGrpcDoor({
    socket: env.RUNNER_GRPC_SOCKET ?? join(dirname(env.RUNNER_SOCKET), GRPC_SOCKET_NAME),
    sandbox: () => {
      activity.touch('agent')
      return opened(opening)
    },
    log,
  })
  // Last: the sidecar finds it here, and then everybody may come.
  const near = makeServer({ isFromAfar: false })
  await listen(near, env.RUNNER_SOCKET)

  return {
    tlsPort: tls?.port,
    get isOpening() {
      return opening.isBegun
    },
    [Symbol.asyncDispose]: async () => {
      const closed = tls?.[Symbol.asyncDispose]()
      near.close()
      clients.terminateAll()
      tunnels.closeAll()
      hints.close()
      await grpc[Symbol.asyncDispose]()
      await opening.sandbox?.[Symbol.asyncDispose]()
      near.closeAllConnections()
      await closed
    },
  }
}

function noSuchRoute(): RunnerError {
  return new RunnerError('not_found', 'The runner has no such route.')
}

function opened(opening: Opening): OpenedSandbox {
  if (opening.sandbox !== undefined) return opening.sandbox
  throw new RunnerError('unavailable', 'This sandbox is not ready yet.', { advice: 'Try again in a moment.' })
}

/** A socket file left by a runner that was killed is in the way of the next one. */
async function listen(server: Server, socket: string): Promise<void> {
  await rm(socket, { force: true })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
