import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { jwtVerify } from 'jose'
import { createPublicKey } from 'node:crypto'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import { RUNNER_AUDIENCE, attachClaimsSchema } from '#protocol/claims.ts'
import type { AttachClaims } from '#protocol/claims.ts'

/** A request as the runner saw it. */
export interface SeenRequest {
  url: string
  headers: IncomingMessage['headers']
  claims: AttachClaims
}

/** A stand-in for a sandbox's runner: a real HTTP server on a Unix socket, with the runner's routes and token check. */
export interface StandInRunner extends AsyncDisposable {
  socketPath: string
  seen: SeenRequest[]
  files: Map<string, Buffer>
  /** What a new WebSocket meets. Default: echo. */
  onSocket: (socket: WebSocket) => void
  /** Answers file requests in the place of the map. */
  onFile: ((request: IncomingMessage, response: ServerResponse) => void) | undefined
  /** Headers added to the WebSocket's 101. */
  upgradeHeaders: string[]
  /** Tunnels opened so far. */
  tunnels: number
  /** Cuts every connection, as a sandbox that goes away does. */
  cut(): void
}

/** Starts one at `socketPath`, believing tokens of `publicKey`. */
export async function startRunner(socketPath: string, publicKey: string): Promise<StandInRunner> {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024, perMessageDeflate: false })
  const server = createServer()
  const connections = new Set<Duplex>()
  const runner: StandInRunner = {
    socketPath,
    seen: [],
    files: new Map(),
    onSocket: (socket) => socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    onFile: undefined,
    upgradeHeaders: [],
    tunnels: 0,
    cut: () => {
      for (const connection of connections) connection.destroy()
    },
    [Symbol.asyncDispose]: async () => {
      runner.cut()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  const admit = async (request: IncomingMessage): Promise<boolean> => {
    const token = request.headers.authorization?.replace(/^Bearer /, '') ?? ''
    const options = { algorithms: ['EdDSA'], audience: RUNNER_AUDIENCE }
    const verified = await jwtVerify(token, createPublicKey(publicKey), options).catch(() => undefined)
    if (verified === undefined) return false
    runner.seen.push({
      url: request.url ?? '',
      headers: request.headers,
      claims: attachClaimsSchema.parse(verified.payload),
    })
    return true
  }

  sockets.on('headers', (headers) => headers.push(...runner.upgradeHeaders))
  server.on('connection', (connection) => {
    connections.add(connection)
    connection.on('error', () => connection.destroy())
    connection.on('close', () => connections.delete(connection))
  })
  server.on('request', (request, response) => {
    void admit(request).then((isGood) => {
      if (!isGood) return void response.writeHead(401).end()
      if (runner.onFile !== undefined) return runner.onFile(request, response)
      return serveFile(runner, request, response)
    })
  })
  server.on('upgrade', (request, socket, head) => {
    void admit(request).then((isGood) => {
      if (!isGood) return void socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
      const url = new URL(request.url ?? '/', 'http://runner')
      if (url.pathname === RUNNER_ROUTES.socket)
        return sockets.handleUpgrade(request, socket, head, (webSocket) => runner.onSocket(webSocket))
      runner.tunnels += 1
      return tunnel(socket, Number(url.searchParams.get('port')))
    })
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  return runner
}

function serveFile({ files }: StandInRunner, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent((request.url ?? '').slice(RUNNER_ROUTES.files.length))
  if (request.method === 'PUT') {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      files.set(path, Buffer.concat(chunks))
      response.writeHead(201, { ETag: '"new"' }).end()
    })
    return
  }
  const file = files.get(path)
  if (file === undefined) {
    const error = { code: 'not_found', message: `There is no ${path}.`, path }
    response.writeHead(404, { 'Content-Type': 'application/json' }).end(JSON.stringify({ error }))
    return
  }
  const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
  const part = start === undefined ? file : file.subarray(Number(start), Number(end) + 1)
  response.writeHead(start === undefined ? 200 : 206, {
    'Content-Type': 'text/html',
    'Content-Length': part.length,
    ...(start !== undefined && { 'Content-Range': `bytes ${start}-${end}/${file.length}` }),
    ETag: '"one"',
    'Set-Cookie': 'next-auth.session-token=stolen',
  })
  response.end(request.method === 'HEAD' ? undefined : part)
}

function tunnel(socket: Duplex, port: number): void {
  const server = connect(port, '127.0.0.1')
  server.once('error', () => {
    const error = { code: 'unavailable', message: `Nothing listens on port ${port}.` }
    socket.end(`HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n${JSON.stringify({ error })}`)
  })
  server.once('connect', () => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: devex-tunnel\r\n\r\n')
    socket.pipe(server)
    server.pipe(socket)
    server.on('close', () => socket.destroy())
    socket.on('close', () => server.destroy())
  })
}
