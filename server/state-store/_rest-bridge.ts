import { createServer } from 'node:http'
import { z } from 'zod'
import { connectResp } from '#server/state-store/resp-connection.ts'
import { RespError } from '#server/state-store/resp.ts'
import type { RespConnection } from '#server/state-store/resp-connection.ts'
import type { Reply } from '#server/state-store/resp.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Upstash's REST API in front of a real Redis: what the official client uses of it, for tests. */
export interface RestBridge extends AsyncDisposable {
  url: string
  token: string
  /** Open subscriptions. */
  readonly streams: number
  /** Goes on serving streams without passing on what is published: what a half-dead proxy does. */
  muteStreams(): void
  /** Ends all of them without a word. */
  endStreams(): void
}

const TOKEN = 'bridge-token'
const commandSchema = z.array(z.union([z.string(), z.number()])).min(1)

/** Starts a bridge to the Redis at `redisUrl` on a free port of the loopback. */
export async function startRestBridge(redisUrl: string): Promise<RestBridge> {
  const target = new URL(redisUrl)
  const connection = await connectResp(target)
  const streams = new Set<{ response: ServerResponse; connection: RespConnection }>()

  const subscribe = async (path: string[], response: ServerResponse) => {
    const own = await connectResp(target)
    const entry = { response, connection: own }
    streams.add(entry)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const tell = (reply: Reply) => response.write(`data: ${z.array(z.unknown()).parse(reply).join(',')}\n\n`)
    own.onPush = tell
    response.on('close', () => {
      streams.delete(entry)
      own[Symbol.dispose]()
    })
    tell(await own.send(path))
  }

  const server = createServer((request, response) => {
    const answer = async () => {
      if (request.headers.authorization !== `Bearer ${TOKEN}`)
        return send(response, 401, { error: 'WRONGPASS invalid or missing auth token' })
      const path = (request.url ?? '/').split('/').slice(1).map(decodeURIComponent)
      const [kind = ''] = path
      if (kind === 'subscribe' || kind === 'psubscribe') return subscribe(path, response)
      const body: unknown = JSON.parse(await textOf(request))
      const encode = request.headers['upstash-encoding'] === 'base64' ? encodeBase64 : (reply: Reply) => reply
      const asResult = (reply: Reply) =>
        reply instanceof RespError ? { error: reply.message } : { result: encode(reply) }
      if (kind === '') {
        const result = asResult(await connection.send(commandSchema.parse(body)))
        return send(response, 'error' in result ? 400 : 200, result)
      }
      const commands = z.array(commandSchema).parse(body)
      if (kind === 'pipeline') {
        const replies = await Promise.all(commands.map((command) => connection.send(command)))
        return send(response, 200, replies.map(asResult))
      }
      const replies = await Promise.all([['MULTI'], ...commands, ['EXEC']].map((command) => connection.send(command)))
      const outcome = replies.at(-1) ?? null
      return Array.isArray(outcome)
        ? send(response, 200, outcome.map(asResult))
        : send(response, 400, asResult(outcome))
    }
    answer().catch((error: unknown) => send(response, 500, { error: `ERR ${String(error)}` }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the bridge listens on TCP')

  return {
    url: `http://127.0.0.1:${address.port}`,
    token: TOKEN,
    get streams() {
      return streams.size
    },
    muteStreams: () => {
      for (const stream of streams) stream.connection.onPush = undefined
    },
    endStreams: () => {
      for (const stream of streams) stream.response.end()
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      connection[Symbol.dispose]()
    },
  }
}

/** Every string but the reply `OK`, as Upstash does. */
function encodeBase64(reply: Reply): unknown {
  if (Array.isArray(reply)) return reply.map((item) => encodeBase64(item))
  return typeof reply === 'string' && reply !== 'OK' ? Buffer.from(reply).toString('base64') : reply
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}
