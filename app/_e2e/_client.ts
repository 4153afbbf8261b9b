import { WebSocket } from 'ws'
import { z } from 'zod'
import { decodeFrame, encodeFrame } from '#protocol/frames.ts'
import { parseResult } from '#components/ide/stores/typed.ts'
import { serverMessageSchema } from '#protocol/messages.ts'
import type { RequestParams, RequestResult, RequestType } from '#protocol/messages.ts'

const REPLY_LIMIT_MS = 60_000

/** Someone signed in on this machine, without a browser. */
export interface Client {
  url: string
  cookie: string
  mutate(path: string, input: unknown): Promise<unknown>
  query(path: string, input?: unknown): Promise<unknown>
}

interface Visit {
  method?: string
  body?: string | URLSearchParams
  headers?: Record<string, string>
}

/** Signs in through the printed one-time URL, as a browser would. */
export async function signIn(link: string): Promise<Client> {
  const { origin } = new URL(link)
  const jar = new Map<string, string>()
  const cookies = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ')
  const visit = async (url: string, init: Visit = {}) => {
    const headers = { ...init.headers, cookie: cookies(), origin }
    const response = await fetch(url, { ...init, redirect: 'manual', headers })
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      jar.set(name, value)
    }
    return response
  }
  await visit(link)
  const answer = await visit(`${origin}/api/auth/csrf`)
  const { csrfToken } = z.object({ csrfToken: z.string() }).parse(await answer.json())
  const form = new URLSearchParams({ csrfToken, json: 'true' })
  await visit(`${origin}/api/auth/callback/local`, { method: 'POST', body: form })

  const answered = z.object({ result: z.object({ data: z.unknown().optional() }) })
  const call = async (path: string, init: Visit) => {
    const response = await visit(`${origin}/api/trpc/${path}`, init)
    const body: unknown = await response.json()
    if (!response.ok) throw new Error(`${path}: ${JSON.stringify(body)}`)
    return answered.parse(body).result.data
  }
  const json = { 'content-type': 'application/json' }
  return {
    url: origin,
    cookie: cookies(),
    mutate: (path, input) => call(path, { method: 'POST', headers: json, body: JSON.stringify(input ?? null) }),
    query: (path, input) =>
      call(input === undefined ? path : `${path}?input=${encodeURIComponent(JSON.stringify(input))}`, {}),
  }
}

/** Makes a repl from a template; resolves when the record is there, not when it runs. */
export async function createRepl(client: Client, template: string): Promise<string> {
  const created = await client.mutate('repls.create', { source: { kind: 'template', template } })
  return z.object({ id: z.string() }).parse(created).id
}

export interface Connection {
  request<T extends RequestType>(type: T, params: RequestParams<T>): Promise<RequestResult<T>>
  openTerminal(): Promise<Terminal>
  /** Resolves with the code when the socket is closed, by whichever side. */
  closed: Promise<number>
  close(): void
}

export interface Terminal {
  id: string
  /** Types `text` and resolves with all output when `until` has come out. */
  type(text: string, until: string | RegExp): Promise<string>
}

/** A repl's socket; opening it wakes the repl. */
export async function connect(client: Client, replId: string): Promise<Connection> {
  const socket = new WebSocket(`${client.url.replace('http', 'ws')}/r/${replId}/socket`, {
    headers: { cookie: client.cookie, origin: client.url },
  })
  const answers = new Map<number, (message: unknown) => void>()
  const feeds = new Map<number, (text: string) => void>()
  const closed = new Promise<number>((resolve) => socket.once('close', (code) => resolve(code)))
  socket.binaryType = 'nodebuffer'
  socket.on('message', (data, isBinary) => {
    if (!Buffer.isBuffer(data)) return
    if (!isBinary) {
      const message = serverMessageSchema.parse(JSON.parse(data.toString('utf8')))
      if ('id' in message) answers.get(message.id)?.(message)
      return
    }
    const frame = decodeFrame(data)
    if (frame?.kind !== 'output' && frame?.kind !== 'screen') return
    const seen = frame.kind === 'output' ? frame.offset + frame.payload.length : frame.offset
    socket.send(encodeFrame({ kind: 'ack', channel: frame.channel, offset: seen, payload: new Uint8Array() }))
    feeds.get(frame.channel)?.(Buffer.from(frame.payload).toString('utf8'))
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', () => resolve())
    socket.once('error', reject)
  })

  let nextId = 1
  const request: Connection['request'] = async (type, params) => {
    const id = nextId++
    const answer = new Promise<unknown>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${type}: no answer`)), REPLY_LIMIT_MS)
      answers.set(id, (message) => {
        clearTimeout(late)
        resolve(message)
      })
      void closed.then((code) => reject(new Error(`${type}: the socket closed with ${code}`)))
    })
    socket.send(JSON.stringify({ id, type, params }))
    const message = await answer
    return parseResult(type, z.object({ result: z.unknown() }).parse(message).result)
  }

  return {
    request,
    closed,
    close: () => socket.close(),
    openTerminal: async () => {
      const { terminal } = await request('terminal.create', { cols: 80, rows: 24 })
      const { channel } = await request('terminal.attach', { terminal: terminal.id, since: 0 })
      let output = ''
      let sent = 0
      let check = () => {}
      feeds.set(channel, (text) => {
        output += text
        check()
      })
      return {
        id: terminal.id,
        type: (text, until) => {
          const from = output.length
          const payload = new TextEncoder().encode(text)
          const seen = new Promise<string>((resolve, reject) => {
            const late = setTimeout(
              () => reject(new Error(`never saw ${until} in ${output.slice(-500)}`)),
              REPLY_LIMIT_MS,
            )
            check = () => {
              const fresh = output.slice(from)
              if (typeof until === 'string' ? !fresh.includes(until) : !until.test(fresh)) return
              clearTimeout(late)
              resolve(fresh)
            }
            check()
          })
          socket.send(encodeFrame({ kind: 'input', channel, offset: sent, payload }))
          sent += payload.length
          return seen
        },
      }
    },
  }
}
