import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { z } from 'zod'
import type { GrantScope } from '#server/agents/connection-record.ts'
import { openDoor } from '#server/auth/oauth/_door.ts'
import type { Door } from '#server/auth/oauth/_door.ts'
import { LIMIT_MS, why } from '#server/repls/_stage.ts'

const viewSchema = z.object({ repl_id: z.string(), mcp_url: z.string(), state: z.string() })

let door: Door

async function connect(scopes: GrantScope[]) {
  const { token, connection } = await door.app.context.agents.createToken(door.ada, {
    resource: { kind: 'account' },
    name: 'Probe',
    scopes,
  })
  const client = new Client({ name: 'probe', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${door.origin}/mcp`), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    }),
  )
  return { client, connection, token, [Symbol.asyncDispose]: () => client.close() }
}

describe(`the account’s own server${why}`, { timeout: LIMIT_MS, skip: why !== '' }, () => {
  beforeAll(async () => {
    door = await openDoor()
  }, LIMIT_MS)
  afterAll(() => door[Symbol.asyncDispose]())

  test('an agent makes itself a sandbox, finds it, stops it and deletes it; each is in the audit log', async () => {
    await using agent = await connect(['account:read', 'account:write'])
    const call = async (name: string, args: Record<string, unknown> = {}) =>
      (await agent.client.callTool({ name, arguments: args })).structuredContent
    const made = viewSchema.parse(await call('create_repl', { name: 'Scratch' }))
    expect(made.mcp_url).toBe(`${door.origin}/r/${made.repl_id}/mcp`)
    expect(JSON.stringify(await call('list_repls'))).toContain('Scratch')
    const id = { repl_id: made.repl_id }
    await expect
      .poll(async () => viewSchema.parse(await call('get_mcp_url', id)).state, { timeout: LIMIT_MS })
      .toBe('running')
    await call('stop_repl', id)
    expect(await call('delete_repl', id)).toEqual({ repl_id: made.repl_id, deleted: true })
    expect(JSON.stringify(await call('list_repls'))).not.toContain('Scratch')
    const audited = door.lines.filter((line) => line.includes('agent call')).join('\n')
    for (const tool of ['create_repl', 'stop_repl', 'delete_repl']) expect(audited).toContain(`tool=${tool} ok=true`)
  })

  test('a sandbox for a while says so, and is gone with its stop', async () => {
    await using agent = await connect(['account:read', 'account:write'])
    const call = async (name: string, args: Record<string, unknown> = {}) =>
      (await agent.client.callTool({ name, arguments: args })).structuredContent
    const made = await call('create_repl', { name: 'Brief', ephemeral: true, ttl_minutes: 60 })
    expect(made).toMatchObject({ ephemeral: true, expires_at: expect.stringMatching(/^\d{4}-/) })
    const { repl_id } = viewSchema.parse(made)
    await expect
      .poll(async () => viewSchema.parse(await call('get_mcp_url', { repl_id })).state, { timeout: LIMIT_MS })
      .toBe('running')
    await call('stop_repl', { repl_id })
    await expect
      .poll(async () => JSON.stringify(await call('list_repls')), { timeout: LIMIT_MS })
      .not.toContain('Brief')
  })

  test('a REPL that does not start says why, and what to do', async () => {
    await using agent = await connect(['account:read', 'account:write'])
    const call = async (name: string, args: Record<string, unknown>) =>
      (await agent.client.callTool({ name, arguments: args })).structuredContent
    const made = await call('create_repl', { git_url: 'https://repository.invalid/none.git' })
    const { repl_id } = viewSchema.parse(made)
    await expect
      .poll(() => call('get_mcp_url', { repl_id }), { timeout: LIMIT_MS })
      .toMatchObject({ state: 'failed', problem: expect.stringMatching(/repository\.invalid.*\. \w/) })
    await call('delete_repl', { repl_id })
  })

  test('a method that agents do not use is refused with those that they do', async () => {
    const response = await fetch(`${door.origin}/mcp`, { method: 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([501, 'POST, GET, DELETE'])
  })

  test('what cannot be done is said to the model', async () => {
    await using agent = await connect(['account:read', 'account:write'])
    const result = await agent.client.callTool({ name: 'start_repl', arguments: { repl_id: 'a234567890123456' } })
    expect(result.isError).toBe(true)
    expect(JSON.stringify(result.content)).toContain('There is no such REPL')
  })

  test('who may only look is shown no tool that changes anything, and asked for more when it tries', async () => {
    await using agent = await connect(['account:read'])
    expect((await agent.client.listTools()).tools.map(({ name }) => name)).toEqual(['list_repls', 'get_mcp_url'])
    const response = await fetch(`${door.origin}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${agent.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'create_repl', arguments: {} },
      }),
    })
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('scope="account:write"')
  })

  test('an open stream ends within a second when the agent is cut off', async () => {
    await using agent = await connect(['account:read'])
    const response = await fetch(`${door.origin}/mcp`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${agent.token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'subscriptions/listen',
      },
      body: JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'subscriptions/listen',
        params: {
          notifications: { toolsListChanged: true },
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientCapabilities': {},
            'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
          },
        },
      }),
    })
    expect(response.status).toBe(200)
    const reader = response.body?.getReader()
    await reader?.read()
    await door.app.context.agents.cut(door.ada, agent.connection.id)
    const cutAt = Date.now()
    await expect(
      (async () => {
        while ((await reader?.read())?.done === false);
        throw new Error('closed')
      })(),
    ).rejects.toThrow(/terminated|closed/)
    expect(Date.now() - cutAt).toBeLessThan(1000)
  })
})
