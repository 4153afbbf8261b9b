import { readFile, readdir } from 'node:fs/promises'
import { connect as dial, createServer } from 'node:net'
import { once } from 'node:events'
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
  const moved = stack.move()
  return [
    { name: 'ours, at the sidecar', role: 'sidecar', ...acts(sidecar), [Symbol.asyncDispose]: () => Promise.resolve() },
    { name: 'ours, hosted', role: 'hosted', ...acts(hosted), [Symbol.asyncDispose]: () => moved.disposeAsync() },
  ]
}

function acts(caller: ToolCaller): Omit<Contender, 'name' | 'role' | typeof Symbol.asyncDispose> {
  const call: ToolCaller['call'] = (tool, args) => caller.call(tool, args)
  const link = async (tool: string, path: string) => {
    const [url] = /https?:\/\/[^\s"]+/.exec(await call(tool, { path, link: true })) ?? []
    if (url === undefined) throw new Error(`${tool} gave no URL`)
    return url
  }
  return {
    exec: (command) => call('exec', { command }),
    write: (path, content) => call('write_file', { path, content }),
    read: (path) => call('read_file', { path }),
    list: () => call('list_dir', { path: 'crowd', depth: 1 }),
    upload: async (path, body) => mustBeOk(await fetch(await link('write_file', path), { method: 'PUT', body })),
    download: async (path) => (await mustBeOk(await fetch(await link('read_file', path)))).arrayBuffer(),
  }
}

async function mustBeOk(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response
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
  const door = createServer((connection) => {
    const onward = dial(socket)
    connection.setNoDelay(true).pipe(onward).pipe(connection)
    for (const end of [connection, onward]) end.on('error', () => connection.destroy())
  }).listen(0, '127.0.0.1')
  await once(door, 'listening')
  const address = door.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const caller = await connectClient(
    new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${address.port}/mcp`), {
      async fetch(url, init) {
        if (Date.now() - token.madeAt > TOKEN_AGE_MS) token = { text: await tokens.agent(claims), madeAt: Date.now() }
        const headers = new Headers(init?.headers)
        headers.set('authorization', `Bearer ${token.text}`)
        return fetch(url, { ...init, headers })
      },
    }),
  )
  return {
    call: (tool, args) => caller.call(tool, args),
    async [Symbol.asyncDispose]() {
      await caller[Symbol.asyncDispose]()
      door.close()
    },
  }
}

async function sandboxOf(dataFolder: string, replId: string): Promise<{ sandboxId: string; generation: number }> {
  for (const name of await readdir(sandboxesDir(dataFolder))) {
    const text = await readFile(join(sandboxesDir(dataFolder), name, 'sandbox.json'), 'utf8').catch(() => '{}')
    const { data } = recordSchema.safeParse(JSON.parse(text))
    if (data?.label.replId === replId) return { sandboxId: data.id, generation: data.label.generation }
  }
  throw new Error(`no sandbox of ${replId}`)
}
