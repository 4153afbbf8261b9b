import { randomUUID } from 'node:crypto'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import type { AuthInfo, Server } from '@modelcontextprotocol/server'
import {
  KEEP_ALIVE_MS,
  MAX_BODY_BYTES,
  MAX_ENDED_SESSIONS,
  MAX_SESSIONS,
  MAX_SESSIONS_PER_CONNECTION,
  SESSION_IDLE_MS,
} from './limits.ts'
import { requestSchema } from './request-message.ts'

interface Session {
  server: Server
  transport: WebStandardStreamableHTTPServerTransport
  /** Whose it is: an id that leaks is of no use to another connection. */
  connection: string
  person: string
  follows: Set<string>
  usedAt: number
  /** Under way, or still being answered. */
  calls: number
}

interface Asked {
  request: Request
  parsedBody: unknown
  authInfo: AuthInfo
  connection: string
  /** Whose agent asks. */
  person: string
  /** Aborts with the line that the answer goes over. */
  over: AbortSignal
  /** Disposed of when the answer has been sent to its end, or can be no more. */
  answering: DisposableStack
}

type MakeServer = (onFollow: (uri: string, follows: boolean) => void) => Server

/**
 * Sessions of clients of the older protocol; later ones have none. The least used makes room for a new one, its own
 * connection's before another's; never one with a call under way, which would end with it.
 */
export class Sessions implements AsyncDisposable {
  readonly #makeServer: MakeServer
  readonly #sessions = new Map<string, Session>()
  /** Those that their clients ended, the latest of them. */
  readonly #ended = new Set<string>()

  constructor(makeServer: MakeServer) {
    this.#makeServer = makeServer
  }

  /** Answers within the session of this id; `undefined` if that is over, or another's. */
  async serve(id: string, asked: Asked): Promise<Response | undefined> {
    const session = this.#sessions.get(id)
    if (session?.connection !== asked.connection) return undefined
    session.usedAt = Date.now()
    if (asked.request.method === 'POST') countCall(session, asked)
    cancelWithLine(session.transport, asked)
    return session.transport.handleRequest(asked.request, asked)
  }

  /**
   * Whether a request in the name of this id is to fail: its client has ended it, or it is another person's. Of one that
   * made room, went with its sandbox, or is of the same person's earlier sign-in, the client may never learn that it is
   * over: those in use know no answer to a 404.
   */
  isClosed(id: string, { person }: Pick<Asked, 'person'>): boolean {
    const session = this.#sessions.get(id)
    return session === undefined ? this.#ended.has(id) : session.person !== person
  }

  /** Begins a session with a request to initialize; `undefined` where none may make room for it. */
  async begin(asked: Asked): Promise<Response | undefined> {
    const idle = this.#makeRoom(asked.connection)
    if (idle === undefined) return undefined
    const id = randomUUID()
    const follows = new Set<string>()
    const server = this.#makeServer((uri, isFollowed) => {
      if (isFollowed) follows.add(uri)
      else follows.delete(uri)
    })
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => id,
      keepAliveMs: KEEP_ALIVE_MS,
      maxRequestBodySize: MAX_BODY_BYTES,
      onsessionclosed: () => {
        this.#sessions.delete(id)
        this.#ended.add(id)
        const [oldest] = this.#ended
        if (this.#ended.size > MAX_ENDED_SESSIONS && oldest !== undefined) this.#ended.delete(oldest)
      },
    })
    const { connection, person } = asked
    const session = { server, transport, follows, connection, person, usedAt: Date.now(), calls: 0 }
    countCall(session, asked)
    // Before anything is waited for: those that begin at the same moment count each other.
    this.#sessions.set(id, session)
    await Promise.all(idle.map((each) => each.server.close()))
    await server.connect(transport)
    const response = await transport.handleRequest(asked.request, asked)
    if (!response.ok) {
      this.#sessions.delete(id)
      await server.close()
    }
    return response
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

  /** Takes out those that a new one of this connection needs the room of, and those that were silent for too long. */
  #makeRoom(connection: string): Session[] | undefined {
    const now = Date.now()
    const all = [...this.#sessions]
    const own = all.filter(([, session]) => session.connection === connection).length
    const idle = all.filter(([, { calls }]) => calls === 0).sort(([, a], [, b]) => a.usedAt - b.usedAt)
    const ownIdle = idle.filter(([, session]) => session.connection === connection)
    const othersIdle = idle.filter(([, session]) => session.connection !== connection)
    const ownSurplus = Math.max(0, own - MAX_SESSIONS_PER_CONNECTION + 1)
    const surplus = Math.max(ownSurplus, all.length - MAX_SESSIONS + 1)
    if (ownIdle.length < ownSurplus || idle.length < surplus) return undefined
    const leastUsed = [...ownIdle, ...othersIdle].slice(0, surplus)
    const over = new Map([...leastUsed, ...idle.filter(([, { usedAt }]) => now - usedAt > SESSION_IDLE_MS)])
    for (const id of over.keys()) this.#sessions.delete(id)
    return [...over.values()]
  }
}

function countCall(session: Session, { answering }: Asked): void {
  session.calls += 1
  answering.defer(() => {
    session.usedAt = Date.now()
    session.calls -= 1
  })
}

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
