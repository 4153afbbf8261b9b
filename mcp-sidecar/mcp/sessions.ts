import { randomUUID } from 'node:crypto'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import type { AuthInfo, Server } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { KEEP_ALIVE_MS, MAX_BODY_BYTES, MAX_SESSIONS, SESSION_IDLE_MS } from './limits.ts'

interface Session {
  server: Server
  transport: WebStandardStreamableHTTPServerTransport
  /** Whose it is: an id that leaks is of no use to another connection. */
  connection: string
  follows: Set<string>
  usedAt: number
}

interface Asked {
  request: Request
  parsedBody: unknown
  authInfo: AuthInfo
  connection: string
  /** Aborts with the line that the answer goes over. */
  over: AbortSignal
}

type MakeServer = (onFollow: (uri: string, follows: boolean) => void) => Server

/** Sessions of clients of the older protocol; later ones have none. The least used makes room for a new one. */
export class Sessions implements AsyncDisposable {
  readonly #makeServer: MakeServer
  readonly #sessions = new Map<string, Session>()

  constructor(makeServer: MakeServer) {
    this.#makeServer = makeServer
  }

  /** Answers within the session of this id; `undefined` if that is over, or another's. */
  async serve(id: string, asked: Asked): Promise<Response | undefined> {
    const session = this.#sessions.get(id)
    if (session?.connection !== asked.connection) return undefined
    session.usedAt = Date.now()
    cancelWithLine(session.transport, asked)
    return session.transport.handleRequest(asked.request, asked)
  }

  /** Begins a session with a request to initialize. */
  async begin(asked: Asked): Promise<Response> {
    await this.#makeRoom()
    const follows = new Set<string>()
    const server = this.#makeServer((uri, isFollowed) => {
      if (isFollowed) follows.add(uri)
      else follows.delete(uri)
    })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      keepAliveMs: KEEP_ALIVE_MS,
      maxRequestBodySize: MAX_BODY_BYTES,
      onsessioninitialized: (id) => {
        this.#sessions.set(id, { server, transport, follows, connection: asked.connection, usedAt: Date.now() })
      },
      onsessionclosed: (id) => {
        this.#sessions.delete(id)
      },
    })
    await server.connect(transport)
    return transport.handleRequest(asked.request, asked)
  }

  resourceUpdated(uri: string): void {
    for (const { server, follows } of this.#sessions.values()) {
      if (follows.has(uri)) void server.sendResourceUpdated({ uri }).catch(() => undefined)
    }
  }

  resourcesChanged(): void {
    for (const { server } of this.#sessions.values()) void server.sendResourceListChanged().catch(() => undefined)
  }

  /** Ends the sessions of a connection that was cut off. */
  async [Symbol.asyncDispose](): Promise<void> {
    const servers = [...this.#sessions.values()].map(({ server }) => server)
    this.#sessions.clear()
    await Promise.all(servers.map((server) => server.close()))
  }

  async #makeRoom(): Promise<void> {
    const now = Date.now()
    const byUse = [...this.#sessions].sort(([, a], [, b]) => a.usedAt - b.usedAt)
    const surplus = byUse.length - MAX_SESSIONS + 1
    const over = byUse.filter(([, session], at) => at < surplus || now - session.usedAt > SESSION_IDLE_MS)
    for (const [id, { server }] of over) {
      this.#sessions.delete(id)
      await server.close()
    }
  }
}

const requestSchema = z.object({ id: z.union([z.string(), z.number()]), method: z.string() })

/**
 * Cancels what was asked for over a line that breaks: its answer could reach nobody, since none is kept to be fetched
 * later. Some clients (Gemini CLI) say in no other way that a person has stopped them.
 */
function cancelWithLine(transport: WebStandardStreamableHTTPServerTransport, { parsedBody, over }: Asked): void {
  const messages: unknown[] = Array.isArray(parsedBody) ? parsedBody : [parsedBody]
  const ids = messages.flatMap((message) => requestSchema.safeParse(message).data?.id ?? [])
  if (ids.length === 0) return
  const cancel = () => {
    for (const requestId of ids) {
      const params = { requestId, reason: 'The client hung up.' }
      transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
    }
  }
  over.addEventListener('abort', cancel, { once: true })
}
