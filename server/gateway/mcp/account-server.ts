import { McpServer, createMcpHandler } from '@modelcontextprotocol/server'
import type { CallToolResult } from '@modelcontextprotocol/server'
import { z } from 'zod'
import { cloneSourceSchema } from '#protocol/adoption.ts'
import { displayNameSchema } from '#protocol/display-name.ts'
import { replIdSchema } from '#protocol/ids.ts'
import type { GrantScope } from '#server/agents/connection-record.ts'
import type { Principal } from '#server/auth/principal.ts'
import { fromWireError, toAppError } from '#server/errors.ts'
import { MCP_LIMITS } from '#server/gateway/mcp/limits.ts'
import { resourceUrl } from '#server/gateway/mcp/own-address.ts'
import { sayToModel } from '#server/gateway/mcp/refusals.ts'
import type { Log } from '#server/log.ts'
import type { Metrics } from '#server/metrics/metrics.ts'
import type { History } from '#server/repls/history.ts'
import type { Repls } from '#server/repls/repls.ts'
import { MAX_TTL_MINUTES } from '#server/repls/views.ts'
import type { ReplView } from '#server/repls/views.ts'

/** What an agent may do with the account: it can make itself a sandbox. */
export interface AccountDeps {
  repls: Repls
  history: History
  publicUrl: () => URL
  metrics: Pick<Metrics, 'callEnded'>
  log: Log
}

export interface AccountCaller {
  who: Principal
  scopes: readonly GrantScope[]
  /** For the audit log. */
  connection: string
  client: string
}

export interface AccountServer {
  answer(request: Request, parsedBody: unknown, caller: AccountCaller): Promise<Response>
}

const INSTRUCTIONS = `Sandboxes (REPLs) of one person: Linux machines with a project in them, which you and people use together.
- create_repl makes one and gives its mcp_url: connect to that address for files and commands. It has its own sign-in.
- A REPL sleeps when nobody uses it; connecting wakes it. stop_repl saves it and puts it to sleep.
- A deleted REPL can be restored for 7 days by a person.`

const byId = z.strictObject({ repl_id: replIdSchema.describe('As list_repls shows it.') })

export function createAccountServer(deps: AccountDeps): AccountServer {
  const callers = new WeakMap<object, AccountCaller>()
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const caller = authInfo === undefined ? undefined : callers.get(authInfo)
      if (caller === undefined) throw new Error('nobody was identified')
      return createServer(deps, caller)
    },
    {
      onerror: (error) => deps.log.debug('an account call failed', { error: error.message }),
      maxRequestBodySize: MCP_LIMITS.maxBodyBytes,
    },
  )
  return {
    answer: (request, parsedBody, caller) => {
      const authInfo = { token: '', clientId: caller.connection, scopes: [...caller.scopes] }
      callers.set(authInfo, caller)
      return handler.fetch(request, { parsedBody, authInfo })
    },
  }
}

/** What of a tool is hinted, and the scope it needs. */
const READ = {
  scope: 'account:read',
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
} as const
const WRITE = {
  scope: 'account:write',
  hints: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
} as const
const DELETE = {
  scope: 'account:write',
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
} as const

/** Which scope a tool of the account needs. */
export const ACCOUNT_TOOL_SCOPES: Readonly<Record<string, GrantScope>> = {
  list_repls: 'account:read',
  get_mcp_url: 'account:read',
  create_repl: 'account:write',
  start_repl: 'account:write',
  stop_repl: 'account:write',
  fork_repl: 'account:write',
  delete_repl: 'account:write',
}

function createServer({ repls, history, publicUrl, metrics, log }: AccountDeps, caller: AccountCaller): McpServer {
  const { who, scopes } = caller
  const server = new McpServer(
    { name: 'devex-account', title: 'Devex account', version: '1.0.0' },
    { instructions: INSTRUCTIONS, capabilities: { tools: {} } },
  )
  const view = (repl: ReplView) => ({
    repl_id: repl.id,
    name: repl.name,
    state: repl.state.kind,
    ...(repl.state.kind === 'failed' && { problem: sayToModel(fromWireError(repl.state.error)) }),
    role: repl.role,
    template: repl.template,
    mcp_url: resourceUrl(publicUrl(), { kind: 'repl', replId: repl.id }),
    web_url: new URL(`/r/${repl.id}`, publicUrl()).href,
    last_used_at: new Date(repl.lastUsedAt).toISOString(),
    ...(repl.isEphemeral === true && { ephemeral: true }),
    ...(repl.expiresAt !== undefined && { expires_at: new Date(repl.expiresAt).toISOString() }),
  })
  const audited = async (tool: string, work: () => Promise<object>): Promise<CallToolResult> => {
    const startedAt = Date.now()
    const { connection, client } = caller
    const note = (ok: boolean) => {
      const ms = Date.now() - startedAt
      metrics.callEnded({ tool, ok }, ms / 1000)
      log.info('agent call', { connection, actor: who.name, client, tool, ok, ms })
    }
    try {
      const result = { ...(await work()) }
      note(true)
      return { content: [{ type: 'text', text: JSON.stringify(result) }], structuredContent: result }
    } catch (error) {
      note(false)
      if (toAppError(error).code === 'internal') log.error('an account tool failed', error, { tool })
      return { content: [{ type: 'text', text: sayToModel(error) }], isError: true }
    }
  }
  /** A tool that this caller may use; who may not is not shown it. */
  const tool = <S extends z.ZodObject>(
    name: string,
    about: { title: string; description: string; input: S; kind: typeof READ | typeof WRITE | typeof DELETE },
    work: (input: z.output<S>) => Promise<object>,
  ) => {
    const { title, description, input, kind } = about
    const inputSchema: z.ZodObject = input
    if (!scopes.includes(kind.scope)) return
    server.registerTool(
      name,
      { title, description, inputSchema, annotations: { title, ...kind.hints } },
      (args: unknown) => audited(name, () => work(input.parse(args))),
    )
  }

  tool(
    'list_repls',
    {
      title: 'List REPLs',
      description: 'Own REPLs and those shared with you, last used first.',
      input: z.strictObject({}),
      kind: READ,
    },
    async () => ({ repls: (await repls.list(who)).filter(({ state }) => state.kind !== 'deleted').map(view) }),
  )
  tool(
    'get_mcp_url',
    {
      title: 'Get the MCP URL of a REPL',
      description: 'The address at which an agent works in a REPL, and its state.',
      input: byId,
      kind: READ,
    },
    async ({ repl_id }) => view(await repls.get(who, repl_id)),
  )
  tool(
    'create_repl',
    {
      title: 'Create a REPL',
      description:
        'Makes a REPL from a template (empty, node, python and others; an unknown one is answered with those there are) or a public Git repository, and starts it.',
      input: z.strictObject({
        name: displayNameSchema.optional().describe('Shown to people. Default: made from the template or repository.'),
        template: z.string().min(1).max(60).default('empty').describe('Ignored with git_url.'),
        git_url: z
          .url({ protocol: /^https?$/ })
          .optional()
          .describe('Repository to clone instead.'),
        git_branch: cloneSourceSchema.shape.branch.describe('Branch or tag. Default: the repository’s own.'),
        ephemeral: z
          .boolean()
          .default(false)
          .describe(
            'For work that nobody needs later: deleted when it stops, which it does after a while without use.',
          ),
        ttl_minutes: z
          .int()
          .min(1)
          .max(MAX_TTL_MINUTES)
          .optional()
          .describe('Deleted after so long, whether or not it is used. Default: it stays.'),
      }),
      kind: WRITE,
    },
    async ({ name, template, git_url, git_branch, ephemeral, ttl_minutes }) =>
      view(
        await repls.create(who, {
          name,
          ephemeral,
          ttlMinutes: ttl_minutes,
          source:
            git_url === undefined
              ? { kind: 'template', template }
              : { kind: 'git', url: git_url, ...(git_branch !== undefined && { branch: git_branch }) },
        }),
      ),
  )
  tool(
    'start_repl',
    {
      title: 'Start a REPL',
      description: 'Wakes a REPL. Connecting to its mcp_url does so too.',
      input: byId,
      kind: WRITE,
    },
    async ({ repl_id }) => view(await repls.start(who, repl_id)),
  )
  tool(
    'stop_repl',
    {
      title: 'Stop a REPL',
      description:
        'Saves its files and ends everything that runs in it. An ephemeral one is deleted then; a person can restore it for a week.',
      input: byId,
      kind: DELETE,
    },
    async ({ repl_id }) => view(await repls.stop(who, repl_id)),
  )
  tool(
    'fork_repl',
    {
      title: 'Fork a REPL',
      description: 'Makes a new REPL with the files of another, as they were last saved.',
      input: byId.extend({ name: displayNameSchema.optional().describe('Name of the new one.') }),
      kind: WRITE,
    },
    async ({ repl_id, name }) => view(await history.fork(who, repl_id, { ...(name !== undefined && { name }) })),
  )
  tool(
    'delete_repl',
    {
      title: 'Delete a REPL',
      description: 'Stops and deletes it. A person can restore it for 7 days.',
      input: byId,
      kind: DELETE,
    },
    async ({ repl_id }) => {
      await repls.delete(who, repl_id)
      return { repl_id, deleted: true }
    },
  )
  return server
}
