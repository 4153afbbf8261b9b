import { once } from 'node:events'
import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server'
import { z } from 'zod'

/** An MCP server with one tool that says which token it was called with. */
export interface StandIn extends AsyncDisposable {
  url: string
  /** `authorization` of every tool call, oldest first. */
  tokens: (string | undefined)[]
}

/** Starts it on a free port of loopback. */
export async function startStandIn(): Promise<StandIn> {
  const tokens: (string | undefined)[] = []
  const handler = toNodeHandler(
    createMcpHandler(({ requestInfo }) => {
      const server = new McpServer({ name: 'stand-in', version: '1.0.0' })
      const tool = {
        description: 'Runs a command',
        inputSchema: z.object({ command: z.string() }),
        _meta: { 'anthropic/alwaysLoad': true },
      }
      server.registerTool('exec', tool, ({ command }) => {
        tokens.push(requestInfo?.headers.get('authorization') ?? undefined)
        return { content: [{ type: 'text', text: `ran ${command}` }] }
      })
      return server
    }),
  )
  const server = createServer((request, response) => {
    const { method = '', url = '/' } = request
    void handler(Object.assign(request, { method, url }), response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port')
  return {
    url: `http://127.0.0.1:${address.port}/mcp`,
    tokens,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
