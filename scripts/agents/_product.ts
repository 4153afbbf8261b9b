import { join } from 'node:path'
import { z } from 'zod'
import { connect, createRepl, signIn } from '../../app/_e2e/_client.ts'
import { startServer } from '../../app/_e2e/_server.ts'
import type { Client, Connection } from '../../app/_e2e/_client.ts'
import type { Server } from '../../app/_e2e/_server.ts'

const HOUR_MS = 60 * 60_000

/** The product with one REPL in it, and what an agent is told of it. */
export interface Product extends AsyncDisposable {
  server: Server
  client: Client
  replId: string
  /** The hosted address. */
  url: string
  /** A person's line to the REPL. */
  line: Connection
  token(scopes?: readonly string[]): Promise<string>
  /** Commands of processes in the REPL. */
  commands(): Promise<string[]>
  /** Cuts off every agent. */
  cutAll(): Promise<void>
}

/** Starts it as `npm start` would, with these settings. */
export async function startProduct(settings: Record<string, string> = {}): Promise<Product> {
  const documents = join(import.meta.dirname, '_documents.ts')
  const server = await startServer({ env: { NODE_OPTIONS: `--import=${documents}`, ...settings } })
  const client = await signIn(server.link)
  const replId = await createRepl(client, 'empty')
  const line = await connect(client, replId)
  return {
    server,
    client,
    replId,
    url: `${server.url}/r/${replId}/mcp`,
    line,
    async token(scopes = ['repl:read', 'repl:write', 'repl:exec']) {
      const expiresAt = Date.now() + HOUR_MS
      const made = await client.mutate('agents.tokens.create', { replId, name: 'probe', scopes, expiresAt })
      return z.object({ token: z.string() }).parse(made).token
    },
    async commands() {
      const { processes } = await line.request('processes.list', {})
      return processes.map(({ command }) => command)
    },
    async cutAll() {
      const known = z.array(z.object({ id: z.string() })).parse(await client.query('agents.connections', { replId }))
      for (const { id } of known) await client.mutate('agents.cut', { replId, connectionId: id })
    },
    async [Symbol.asyncDispose]() {
      line.close()
      await server[Symbol.asyncDispose]()
    },
  }
}
