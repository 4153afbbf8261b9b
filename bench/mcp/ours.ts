import { readFile, readdir } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'
import { newId } from '#protocol/ids.ts'
import { createTokens } from '#server/auth/tokens.ts'
import { createSecretBox } from '#server/auth/secret-box.ts'
import { loadSigningKey } from '#server/auth/keys.ts'
import { foldersOf, sandboxesDir } from '#server/orchestrator/local/folders.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'
import { createToken } from '../../app/_e2e/_agent.ts'
import { createRepl, signIn } from '../../app/_e2e/_client.ts'
import { startServer } from '../../app/_e2e/_server.ts'
import { connectClient } from './client.ts'
import type { Server } from '../../app/_e2e/_server.ts'
import type { ToolCaller } from './client.ts'
import type { Contender } from './contender.ts'
import { createTransfers } from './transfers.ts'
import type { Transfers } from './transfers.ts'

/** A token for the sidecar is good for 60 s. */
const TOKEN_AGE_MS = 30_000
const CROWD = 10_000

const recordSchema = z.object({ id: z.string(), label: z.object({ replId: z.string(), generation: z.int() }) })

/** The product with one REPL, called through its hosted address and, past the control plane, at its sidecar. */
export async function startOurs(): Promise<Contender[]> {
  await using stack = new AsyncDisposableStack()
  const server = stack.use(await startServer())
  const person = await signIn(server.link)
  const replId = await createRepl(person, 'empty')
  const authorization = `Bearer ${await createToken(person, replId)}`
  const address = new URL(`${server.url}/r/${replId}/mcp`)
  const hosted = stack.use(
    await connectClient(new StreamableHTTPClientTransport(address, { requestInit: { headers: { authorization } } })),
  )
  await hosted.call('exec', { command: `mkdir crowd && cd crowd && touch $(seq -f file-%g.txt ${CROWD})` })
  const sidecar = stack.use(await atSidecar(server, replId))
  const transfers = stack.use(createTransfers())
  const moved = stack.move()
  return [
    { name: 'ours, at the sidecar', role: 'sidecar', ...acts(sidecar), [Symbol.asyncDispose]: () => Promise.resolve() },
    {
      name: 'ours, hosted',
      role: 'hosted',
      ...acts(hosted),
      ...links(hosted, transfers),
      [Symbol.asyncDispose]: () => moved.disposeAsync(),
    },
  ]
}

type Acts = Omit<Contender, 'name' | 'role' | typeof Symbol.asyncDispose>

function acts({ call }: ToolCaller): Acts {
  return {
    exec: (command) => call('exec', { command }),
    write: (path, content) => call('write_file', { path, content }),
    read: (path) => call('read_file', { path }),
    list: () => call('list_dir', { path: 'crowd', depth: 1 }),
  }
}

/** Bytes by URL: asking for it is a part of what is measured. */
function links({ call }: ToolCaller, transfers: Transfers): Acts {
  const link = async (tool: string, path: string) => {
    const [url] = /https?:\/\/[^\s"]+/.exec(await call(tool, { path, link: true })) ?? []
    if (url === undefined) throw new Error(`${tool} gave no URL`)
    return url
  }
  return {
    upload: async (path, body) => transfers.put(await link('write_file', path), body),
    download: async (path) => transfers.get(await link('read_file', path)),
  }
}

/** As the control plane calls it, with tokens signed by its key, over a byte stream to the sidecar's socket. */
async function atSidecar({ dataFolder }: Server, replId: string): Promise<ToolCaller> {
  const { sandboxId, generation } = await sandboxOf(dataFolder, replId)
  await using store = await openSqliteStateStore({ file: join(dataFolder, 'state.sqlite') })
  const box = createSecretBox((await readFile(join(dataFolder, 'secret'), 'utf8')).trim())
  const tokens = createTokens(await loadSigningKey(store, box))
  const claims = {
    sub: newId(),
    repl: replId,
    generation,
    sandbox: sandboxId,
    scopes: ['repl:read' as const, 'repl:write' as const, 'repl:exec' as const],
    actor: 'Bench',
    client: 'bench',
    connection: 'bench',
  }
  let token = { text: '', madeAt: Number.NEGATIVE_INFINITY }
  const socket = join(foldersOf(dataFolder, sandboxId).sidecarSockets, 'sidecar.sock')
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  const caller = await connectClient(
    new StreamableHTTPClientTransport(new URL('http://sidecar/mcp'), {
      async fetch(_url, init) {
        if (Date.now() - token.madeAt > TOKEN_AGE_MS) token = { text: await tokens.agent(claims), madeAt: Date.now() }
        const headers = new Headers(init?.headers)
        headers.set('authorization', `Bearer ${token.text}`)
        return overSocket({ socketPath: socket, agent }, { ...init, headers })
      },
    }),
  )
  return {
    call: (tool, args) => caller.call(tool, args),
    async [Symbol.asyncDispose]() {
      await caller[Symbol.asyncDispose]()
      agent.destroy()
    },
  }
}

/** `fetch` over a Unix socket. */
async function overSocket(way: { socketPath: string; agent: Agent }, init: RequestInit): Promise<Response> {
  const { method = 'GET', signal, body } = init
  const headers = Object.fromEntries(new Headers(init.headers))
  const options = { ...way, method, headers, path: '/mcp', ...(signal && { signal }) }
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request(options, resolve)
      .on('error', reject)
      .end(typeof body === 'string' ? body : undefined)
  })
  const { statusCode: status = 502 } = answer
  const isEmpty = [202, 204, 304].includes(status)
  if (isEmpty) answer.resume()
  return new Response(isEmpty ? null : streamOf(answer), {
    status,
    headers: Object.entries(answer.headersDistinct).flatMap(([name, values = []]) =>
      values.map((value): [string, string] => [name, value]),
    ),
  })
}

function streamOf(answer: IncomingMessage): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async pull(controller) {
      for await (const bytes of answer) controller.enqueue(new Uint8Array(Buffer.from(bytes)))
      controller.close()
    },
    cancel: () => void answer.destroy(),
  })
}

async function sandboxOf(dataFolder: string, replId: string): Promise<{ sandboxId: string; generation: number }> {
  for (const name of await readdir(sandboxesDir(dataFolder))) {
    const text = await readFile(join(sandboxesDir(dataFolder), name, 'sandbox.json'), 'utf8').catch(() => '{}')
    const { data } = recordSchema.safeParse(JSON.parse(text))
    if (data?.label.replId === replId) return { sandboxId: data.id, generation: data.label.generation }
  }
  throw new Error(`no sandbox of ${replId}`)
}
