import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { Client as Person } from './_client.ts'

const HOUR_MS = 60 * 60_000
const CALL_LIMIT_MS = 120_000

/** A program that works in a REPL through its hosted address. */
export interface Agent extends AsyncDisposable {
  /** Calls a tool; what it said, failed or not. */
  call(tool: string, args?: Record<string, unknown>, signal?: AbortSignal): Promise<{ text: string; isError: boolean }>
  tools(): Promise<string[]>
}

/** A token of somebody for one REPL. */
export async function createToken(
  person: Person,
  replId: string,
  { name = 'probe', scopes = ['repl:read', 'repl:write', 'repl:exec'] }: { name?: string; scopes?: string[] } = {},
): Promise<string> {
  const expiresAt = Date.now() + HOUR_MS
  const made = await person.mutate('agents.tokens.create', { replId, name, scopes, expiresAt })
  return z.object({ token: z.string() }).parse(made).token
}

/** Connects an agent with a token, as a person would tell it to. */
export async function connectAgent(url: string, replId: string, token: string): Promise<Agent> {
  const client = new Client({ name: 'Probe', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${url}/r/${replId}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )
  return {
    async call(name, args = {}, signal) {
      const answer = await client.callTool(
        { name, arguments: args },
        {
          timeout: CALL_LIMIT_MS,
          resetTimeoutOnProgress: true,
          onprogress: () => undefined,
          ...(signal !== undefined && { signal }),
        },
      )
      const text = answer.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
      return { text, isError: answer.isError === true }
    },
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    [Symbol.asyncDispose]: () => client.close(),
  }
}
