/** Something to run or to put into a file, and a line about it. */
export interface SetupStep {
  say: string
  code: string
}

/** How a program is told of an MCP server. */
export interface AgentClient {
  id: string
  name: string
  steps: readonly SetupStep[]
  /** The same with a token in place of signing in, for programs and machines where nobody can. */
  withToken: readonly SetupStep[]
}

/** As editors fill in an environment variable. */
// oxlint-disable-next-line no-template-curly-in-string -- it is for the editor to fill in
const FROM_ENVIRONMENT = 'Bearer ${env:DEVEX_TOKEN}'

const MAX_NAME_CHARS = 24

/** A name for the server in an agent's settings: letters, digits and hyphens, and short, since tools carry it in theirs. */
export function serverName(replName: string): string {
  const words = replName.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return `devex-${words}`.slice(0, MAX_NAME_CHARS).replace(/-+$/, '')
}

/** Ready-made set-ups, the most used first. */
export function clientsFor(name: string, url: string): AgentClient[] {
  const bearer = 'Authorization: Bearer $DEVEX_TOKEN'
  return [
    {
      id: 'claude',
      name: 'Claude Code',
      steps: [
        { say: 'Add it:', code: `claude mcp add --transport http ${name} ${url}` },
        { say: 'Sign in once:', code: `claude mcp login ${name}` },
      ],
      withToken: [{ say: 'Add it:', code: `claude mcp add --transport http ${name} ${url} --header "${bearer}"` }],
    },
    {
      id: 'codex',
      name: 'Codex',
      steps: [
        { say: 'Add it; Codex then asks to sign in:', code: `codex mcp add ${name} --url ${url}` },
        { say: 'To sign in later:', code: `codex mcp login ${name}` },
      ],
      withToken: [{ say: 'Add it:', code: `codex mcp add ${name} --url ${url} --bearer-token-env-var DEVEX_TOKEN` }],
    },
    {
      id: 'cursor',
      name: 'Cursor',
      steps: [{ say: 'Into .cursor/mcp.json; Cursor then asks to sign in:', code: servers({ [name]: { url } }) }],
      withToken: [
        {
          say: 'Into .cursor/mcp.json:',
          code: servers({ [name]: { url, headers: { Authorization: FROM_ENVIRONMENT } } }),
        },
      ],
    },
    {
      id: 'vscode',
      name: 'VS Code',
      steps: [
        {
          say: 'Add it; VS Code then asks to sign in:',
          code: `code --add-mcp '${JSON.stringify({ name, type: 'http', url })}'`,
        },
      ],
      withToken: [
        {
          say: 'Into .vscode/mcp.json:',
          code: pretty({
            servers: { [name]: { type: 'http', url, headers: { Authorization: FROM_ENVIRONMENT } } },
          }),
        },
      ],
    },
    {
      id: 'gemini',
      name: 'Gemini CLI',
      steps: [
        { say: 'Add it:', code: `gemini mcp add --transport http ${name} ${url}` },
        { say: 'Sign in once, inside Gemini:', code: `/mcp auth ${name}` },
      ],
      withToken: [{ say: 'Add it:', code: `gemini mcp add --transport http ${name} ${url} -H "${bearer}"` }],
    },
    {
      id: 'opencode',
      name: 'opencode',
      steps: [
        { say: 'Add it:', code: `opencode mcp add ${name} --url ${url}` },
        { say: 'Sign in once:', code: `opencode mcp auth ${name}` },
      ],
      withToken: [
        { say: 'Add it:', code: `opencode mcp add ${name} --url ${url} --header "Authorization=Bearer $DEVEX_TOKEN"` },
      ],
    },
  ]
}

function servers(entries: Record<string, unknown>): string {
  return pretty({ mcpServers: entries })
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2)
}
