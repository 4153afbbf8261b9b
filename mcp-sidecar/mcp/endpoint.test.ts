import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AgentScope } from '#protocol/agents.ts'
import { newId } from '#protocol/ids.ts'
import { serveEndpoint } from './_conformance/serve.ts'
import { MAX_SESSIONS, MAX_SESSIONS_PER_CONNECTION } from './limits.ts'
import { startSandbox } from '../tools/_sandbox.ts'
import type { TestSandbox } from '../tools/_sandbox.ts'

describe('the MCP endpoint of a sandbox', () => {
  let sandbox: TestSandbox

  beforeAll(async () => {
    sandbox = await startSandbox()
  })
  afterAll(() => sandbox[Symbol.asyncDispose]())

  const headersFor = async (scopes?: AgentScope[], overrides?: Record<string, unknown>) => ({
    authorization: `Bearer ${await sandbox.served.token(scopes, overrides)}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  })
  const post = async (body: unknown, headers: Record<string, string>) =>
    fetch(sandbox.served.url, { method: 'POST', headers, body: typeof body === 'string' ? body : JSON.stringify(body) })
  const call = (name: string, args: unknown = {}) => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, arguments: args },
  })

  /** Begins one of the older protocol; its id. */
  const session = async (scopes?: AgentScope[], overrides?: Record<string, unknown>) => {
    const initialize = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
    }
    const begun = await post(initialize, await headersFor(scopes, overrides))
    await begun.text()
    return begun.headers.get('mcp-session-id') ?? ''
  }

  it.each(['auto', 'legacy'] as const)('serves the v2 client (%s)', async (era) => {
    await using agent = await sandbox.connect({ era })
    expect(agent.client.getServerVersion()).toMatchObject({ name: 'devex' })
    expect((await agent.call('exec', { command: 'echo hello' })).text).toContain('hello')
  })

  it('serves the v1 client', async () => {
    const client = new OldClient({ name: 'old', version: '1' })
    const { authorization } = await headersFor()
    await client.connect(new OldTransport(new URL(sandbox.served.url), { requestInit: { headers: { authorization } } }))
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('exec')
    const result = await client.callTool({ name: 'exec', arguments: { command: 'echo old' } })
    expect(JSON.stringify(result.content)).toContain('old')
    await client.close()
  })

  it('serves requests of the older protocol without a session', async () => {
    const response = await post(call('exec', { command: 'echo none' }), await headersFor())
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('none')
  })

  it('shows a viewer nothing that changes, and refuses it with the scope to ask for', async () => {
    await using agent = await sandbox.connect({ scopes: ['repl:read'] })
    const { tools } = await agent.client.listTools()
    expect(tools.every(({ annotations }) => annotations?.readOnlyHint === true)).toBe(true)
    const response = await post(call('write_file', { path: 'x', content: 'x' }), await headersFor(['repl:read']))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    expect(response.headers.get('www-authenticate')).toContain('scope="repl:write"')
  })

  it('serves no batch, in which a call would stand that nobody looked at', async () => {
    const batch = [{ jsonrpc: '2.0', id: 2, method: 'resources/list' }, call('exec', { command: 'touch batch' })]
    const response = await post(batch, await headersFor(['repl:read']))
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('send each message by itself')
    expect((await post([], await headersFor())).status).toBe(400)
    expect(await readdir(sandbox.workspace)).not.toContain('batch')
  })

  it('lets no call past its scopes, whatever way it came in', async () => {
    await using careless = await serveEndpoint([{ ...sandbox.offer, scopeOf: () => undefined }])
    const headers = { ...(await headersFor()), authorization: `Bearer ${await careless.token(['repl:read'])}` }
    const body = JSON.stringify(call('exec', { command: 'touch past' }))
    const response = await fetch(careless.url, { method: 'POST', headers, body })
    expect(await response.text()).toContain('exec needs the scope repl:exec')
    expect(await readdir(sandbox.workspace)).not.toContain('past')
  })

  it('reads resources for those who may read', async () => {
    await writeFile(join(sandbox.workspace, 'note.txt'), 'not for all')
    const ask = async (scopes: AgentScope[]) => {
      await using agent = await sandbox.connect({ scopes, era: 'legacy' })
      const listed = (await agent.client.listResources()).resources.length
      const completed = await agent.client.complete({
        ref: { type: 'ref/resource', uri: 'file:///workspace/{path}' },
        argument: { name: 'path', value: 'no' },
      })
      const read = await agent.client.readResource({ uri: 'file:///workspace/note.txt' }).then(
        ({ contents }) => JSON.stringify(contents),
        (error: unknown) => String(error),
      )
      return { listed: listed > 0, completed: completed.completion.values, read }
    }
    expect(await ask(['repl:read'])).toEqual({
      listed: true,
      completed: ['note.txt'],
      read: expect.stringContaining('not for all'),
    })
    expect(await ask(['repl:exec'])).toEqual({
      listed: false,
      completed: [],
      read: expect.stringContaining('needs the scope repl:read'),
    })
  })

  it.each([
    ['none at all', {}, 401],
    ['one that is over', { exp: 1 }, 401],
    ['one for something else', { aud: 'runner' }, 401],
    ['one for another sandbox', { sandbox: 'saaaaaaaaaaaaaaa' }, 403],
    ['one for another REPL', { repl: 'aaaaaaaaaaaaaaaa' }, 403],
    ['one of an earlier start', { generation: 2 }, 403],
  ])('refuses a token: %s', async (what, overrides, status) => {
    const headers = what === 'none at all' ? { authorization: '' } : await headersFor(undefined, overrides)
    expect((await post(call('repl_info'), headers)).status).toBe(status)
  })

  it('refuses a token that somebody else signed', async () => {
    const [head, body] = (await sandbox.served.token()).split('.')
    const headers = { authorization: `Bearer ${head}.${body}.${Buffer.alloc(64, 1).toString('base64url')}` }
    expect((await post(call('repl_info'), headers)).status).toBe(401)
  })

  it('refuses what is too large, is no JSON, or asks for the stream of no session', async () => {
    const headers = await headersFor()
    expect((await post(call('write_file', { path: 'x', content: 'x'.repeat(5 * 1024 * 1024) }), headers)).status).toBe(
      413,
    )
    expect((await post('{', headers)).status).toBe(400)
    const strange = { ...headers, 'mcp-session-id': 'nobody-s' }
    for (const method of ['GET', 'DELETE'])
      expect((await fetch(sandbox.served.url, { method, headers: strange })).status).toBe(404)
  })

  it('answers what is posted to a session that nobody knows as if there were none', async () => {
    const response = await post(call('exec', { command: 'echo lost' }), {
      ...(await headersFor()),
      'mcp-session-id': 'nobody-s',
    })
    expect(response.status).toBe(200)
    expect(response.headers.get('mcp-session-id')).toBeNull()
    expect(await response.text()).toContain('lost')
  })

  it('cancels a call of a lost session, and lets nobody believe that they follow a resource there', async () => {
    const headers = { ...(await headersFor()), 'mcp-session-id': 'nobody-s' }
    const running = post(
      call('exec', { command: 'touch lost-began; until test -e never; do sleep 0.05; done; touch lost-end' }),
      headers,
    )
    await expect.poll(() => readdir(sandbox.workspace), { timeout: 10_000 }).toContain('lost-began')
    const listed = async () => (await sandbox.runner.processes.list()).map(({ command }) => command).join('\n')
    expect(await listed()).toContain('lost-began')
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
    expect((await post(cancelled, headers)).status).toBe(202)
    await expect.poll(listed, { timeout: 10_000 }).not.toContain('lost-began')
    await running.then((response) => response.text()).catch(() => undefined)
    const subscribe = { jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri: 'repl://processes' } }
    expect((await post(subscribe, headers)).status).toBe(404)
  })

  it('answers nothing more to a session that its client has ended', async () => {
    const headers = { ...(await headersFor()), 'mcp-session-id': await session() }
    expect((await fetch(sandbox.served.url, { method: 'DELETE', headers })).status).toBe(200)
    expect((await post(call('repl_info'), headers)).status).toBe(404)
  })

  it('goes on for the v1 client when its session is lost, and when its person has signed in again', async () => {
    const sub = newId()
    let { authorization } = await headersFor(undefined, { connection: 'old', sub })
    const client = new OldClient({ name: 'old', version: '1' })
    const transport = new OldTransport(new URL(sandbox.served.url), {
      fetch: (url, init) => {
        const headers = new Headers(init?.headers)
        headers.set('authorization', authorization)
        return fetch(url, { ...init, headers })
      },
    })
    await client.connect(transport)
    const lost = {
      ...(await headersFor(undefined, { connection: 'old', sub })),
      'mcp-session-id': transport.sessionId ?? '',
    }
    const isLost = async () => (await fetch(sandbox.served.url, { method: 'GET', headers: lost })).status === 404
    const echo = async () =>
      JSON.stringify((await client.callTool({ name: 'exec', arguments: { command: 'echo still here' } })).content)

    ;({ authorization } = await headersFor(undefined, { connection: 'signed in again', sub }))
    expect(await echo()).toContain('still here')

    for (let more = 0; more < MAX_SESSIONS_PER_CONNECTION; more++) await session(undefined, { connection: 'old', sub })
    expect(await isLost()).toBe(true)
    expect(await echo()).toContain('still here')
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('exec')
    await client.close()
  })

  it('keeps a session to the connection that began it', async () => {
    const id = await session()
    const ping = { jsonrpc: '2.0', id: 2, method: 'ping' }
    const mine = await post(ping, { ...(await headersFor()), 'mcp-session-id': id })
    expect(mine.status).toBe(200)
    await mine.text()
    const theirs = { ...(await headersFor(undefined, { connection: 'c2' })), 'mcp-session-id': id }
    expect((await post(ping, theirs)).status).toBe(404)
  })

  it('lets no viewer’s agent end another’s command by beginning sessions', async () => {
    const headers = { ...(await headersFor()), 'mcp-session-id': await session() }
    const running = post(call('exec', { command: 'touch begun; until test -e enough; do sleep 0.05; done' }), headers)
    await expect.poll(() => readdir(sandbox.workspace), { timeout: 10_000 }).toContain('begun')
    for (let more = 0; more <= MAX_SESSIONS; more++) await session(['repl:read'], { connection: 'viewer' })
    await writeFile(join(sandbox.workspace, 'enough'), '')
    expect(await (await running).text()).toContain('"exit_code":0')
  })

  it.each(['with', 'without'])(
    'ends a command of the older protocol, %s a session, when its caller only hangs up',
    async (how) => {
      const headers =
        how === 'with' ? { ...(await headersFor()), 'mcp-session-id': await session() } : await headersFor()
      const hangUp = new AbortController()
      const command = `sleep 43${how.length}1`
      const runs = async () => {
        const all = await sandbox.runner.processes.list()
        return all.some((each) => each.command.includes(command) && each.exit === undefined)
      }
      const body = JSON.stringify(call('exec', { command, yield_ms: 40_000 }))
      const asked = fetch(sandbox.served.url, { method: 'POST', headers, body, signal: hangUp.signal })
      const text = asked.then((response) => response.text())
      await expect.poll(runs, { timeout: 10_000 }).toBe(true)
      hangUp.abort()
      await expect(text).rejects.toThrow(/abort/)
      await expect.poll(runs, { timeout: 10_000 }).toBe(false)
    },
  )

  it('refuses headers of the newer protocol that contradict the body', async () => {
    const headers = { ...(await headersFor()), 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const body = { jsonrpc: '2.0', id: 1, method: 'prompts/list', params: { _meta } }
    const response = await post(body, headers)
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('-32020')
  })

  it('gives the newest client what it asks of a server without a handshake', async () => {
    const client = new Client({ name: 'new', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } })
    const { authorization } = await headersFor()
    const requestInit = { headers: { authorization } }
    await client.connect(new StreamableHTTPClientTransport(new URL(sandbox.served.url), { requestInit }))
    expect(client.getInstructions()).toContain('/workspace')
    await client.close()
  })
})
