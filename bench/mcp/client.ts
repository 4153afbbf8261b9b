import { Client } from '@modelcontextprotocol/client'
import type { Transport } from '@modelcontextprotocol/client'

const CALL_LIMIT_MS = 60_000

/** An MCP client that throws where a tool says that it could not. */
export interface ToolCaller extends AsyncDisposable {
  call: (tool: string, args: Record<string, unknown>) => Promise<string>
}

/** Connects over whichever transport. */
export async function connectClient(transport: Transport): Promise<ToolCaller> {
  const client = new Client({ name: 'devex-bench', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(transport)
  return {
    async call(name, args) {
      const { content, isError } = await client.callTool({ name, arguments: args }, { timeout: CALL_LIMIT_MS })
      const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('\n')
      if (isError === true) throw new Error(`${name}: ${text.slice(0, 300)}`)
      return text
    },
    [Symbol.asyncDispose]: () => client.close(),
  }
}
