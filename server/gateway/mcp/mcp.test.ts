import { createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { decodeJwt } from 'jose'
import { AppError } from '#server/errors.ts'
import { newId } from '#protocol/ids.ts'
import { agentClaimsSchema } from '#protocol/claims.ts'
import type { AgentScope } from '#protocol/agents.ts'
import type { Role } from '#protocol/roles.ts'
import { startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'
import { createMeters } from '#server/gateway/mcp/meters.ts'
import { MCP_LIMITS } from '#server/gateway/mcp/limits.ts'
import type { McpLimits } from '#server/gateway/mcp/limits.ts'

const LIMIT_MS = 20_000

type Handler = (request: IncomingMessage, body: string, response: ServerResponse) => void

/** A sidecar that a test scripts. */
async function startSidecar(platform: Platform, handle: Handler) {
  const seen: { headers: IncomingMessage['headers']; body: string }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => (body += chunk))
    request.on('end', () => {
      seen.push({ headers: request.headers, body })
      handle(request, body, response)
    })
  })
  server.listen(platform.sandbox.sidecarPath)
  await once(server, 'listening')
  return {
    seen,
    server,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function letIn(
  platform: Platform,
  { role = 'owner', scopes = ['repl:read', 'repl:write', 'repl:exec'] }: { role?: Role; scopes?: AgentScope[] } = {},
) {
  const { id } = platform.person(role)
  return platform.connections.issue({
    userId: id,
    userName: 'Ada',
    resource: { kind: 'repl', replId: platform.replId },
    client: 'Probe',
    scopes,
  })
}

/** A client of the older protocol, as those in use are built. */
async function oldClient(platform: Platform, token: string) {
  const client = new OldClient({ name: 'old', version: '1' })
  const requestInit = { headers: { authorization: `Bearer ${token}` } }
  const url = new URL(`${platform.origin}/r/${platform.replId}/mcp`)
  const isAsleep = platform.lifecycle.isAsleep
  platform.lifecycle.isAsleep = true
  await client.connect(new OldTransport(url, { requestInit }))
  platform.lifecycle.isAsleep = isAsleep
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.close() })
}

interface Post {
  token?: string | undefined
  body?: string
  headers?: Record<string, string>
  path?: string
  signal?: AbortSignal
}

function post(platform: Platform, { token, body, headers, path, signal }: Post): Promise<Response> {
  return fetch(`${platform.origin}${path ?? `/r/${platform.replId}/mcp`}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: body ?? rpc('tools/list'),
    ...(signal !== undefined && { signal }),
  })
}

function rpc(method: string, params: Record<string, unknown> = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 7, method, params })
}

const EXEC = rpc('tools/call', { name: 'exec', arguments: { command: 'true' } })

const answerOk: Handler = (_request, body, response) => {
  const { id } = JSON.parse(body)
  response.writeHead(200, { 'content-type': 'application/json', 'set-cookie': 'a=b' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text: 'done' }] } }))
}

describe('who comes in', () => {
  test('nobody without a token: they are told where to sign in', async () => {
    await using platform = await startPlatform()
    const response = await post(platform, {})
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer error="invalid_token", error_description="Missing Authorization header", scope="repl:read repl:write repl:exec", resource_metadata="${platform.origin}/.well-known/oauth-protected-resource/r/${platform.replId}/mcp"`,
    )
  })

  test.each([
    ['wrong', async () => 'nonsense'],
    ['expired or unknown', async () => `devex_pat_${newId()}_${'A'.repeat(43)}`],
    [
      'of another repl',
      async (platform: Platform) => {
        const { id } = platform.person('owner')
        const resource = { kind: 'repl', replId: newId() } as const
        return (
          await platform.connections.issue({ userId: id, userName: 'x', resource, client: 'x', scopes: ['repl:read'] })
        ).token
      },
    ],
    [
      'revoked',
      async (platform: Platform) => {
        const { token, connection } = await letIn(platform)
        await platform.connections.end(connection)
        return token
      },
    ],
  ])('a token that is %s: 401 that a client acts on', async (_name, tokenOf) => {
    await using platform = await startPlatform()
    const response = await post(platform, { token: await tokenOf(platform) })
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(await response.text()).toMatch(/"unauthenticated"/)
  })

  test('a person who may no longer know of the repl: 404, whatever their token says', async () => {
    await using platform = await startPlatform()
    const { token, connection } = await letIn(platform)
    platform.access.grants.delete(connection.userId)
    expect((await post(platform, { token })).status).toBe(404)
  })

  test('a foreign page or host: 403, before the token is looked at', async () => {
    await using platform = await startPlatform()
    expect((await post(platform, { headers: { origin: 'https://evil.example' } })).status).toBe(403)
    const foreign = await rawStatus(platform, 'evil.example')
    expect(foreign).toBe(403)
    const { token } = await letIn(platform)
    platform.lifecycle.isAsleep = true
    expect((await post(platform, { token, headers: { origin: platform.origin } })).status).toBe(200)
  })

  test('an account token that names rights in repls is good in every repl of its person', async () => {
    await using platform = await startPlatform()
    const { id } = platform.person('owner')
    const own = { userId: id, userName: 'x', resource: { kind: 'account' } as const, client: 'x' }
    const { token } = await platform.connections.issue({ ...own, scopes: ['account:read', 'repl:read'] })
    platform.lifecycle.isAsleep = true
    expect((await post(platform, { token })).status).toBe(200)
    const bare = await platform.connections.issue({ ...own, scopes: ['account:read'] })
    expect((await post(platform, { token: bare.token })).status).toBe(401)
  })
})

describe('bad input', () => {
  test('a body of 5 MiB: 413 with the way out', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    const response = await post(platform, {
      token,
      body: rpc('tools/call', { name: 'write_file', x: 'y'.repeat(5 << 20) }),
    })
    expect(response.status).toBe(413)
    expect(await response.text()).toContain('write_file for a link')
  })

  test('what is no JSON-RPC: 400; what is no method: 501 with those that are', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    expect((await post(platform, { token, body: 'nonsense' })).status).toBe(400)
    const put = await fetch(`${platform.origin}/r/${platform.replId}/mcp`, { method: 'PUT' })
    expect([put.status, put.headers.get('allow')]).toEqual([501, 'POST, GET, DELETE'])
  })

  test.each([
    ['tools/list', {}],
    ['tools/call', { name: 'exec', arguments: {} }],
    ['subscriptions/listen', { notifications: {} }],
  ])(
    'headers that contradict the body (of %s) are refused while it sleeps too, which it goes on to do',
    async (method, params) => {
      await using platform = await startPlatform()
      platform.lifecycle.isAsleep = true
      const { token } = await letIn(platform)
      const meta = {
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': {},
          'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
        },
      }
      const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'prompts/list' }
      const response = await post(platform, { token, body: rpc(method, { ...params, ...meta }), headers })
      expect(response.status).toBe(400)
      expect(await response.text()).toContain('-32020')
      expect(platform.lifecycle.starts).toBe(0)
    },
  )
})

describe('scopes', () => {
  test('a missing one that the person could give: 403 that names it', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform, { scopes: ['repl:read'] })
    const response = await post(platform, { token, body: EXEC })
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toMatch(
      /error="insufficient_scope".*scope="repl:exec".*resource_metadata=/,
    )
  })

  test.each(['runs', 'sleeps'])(
    'one that the person cannot give, for a repl that %s: the model is told, and nothing is woken',
    async (how) => {
      await using platform = await startPlatform()
      platform.lifecycle.isAsleep = how === 'sleeps'
      const { token } = await letIn(platform, { role: 'viewer' })
      await using client = await oldClient(platform, token)
      const result = await client.callTool({ name: 'exec', arguments: { command: 'true' } })
      expect(result.isError).toBe(true)
      expect(JSON.stringify(result.content)).toContain('needs the scope repl:exec')
      expect(platform.lifecycle.starts).toBe(0)
    },
  )

  test('a batch, in which a call could stand behind another, is refused', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform, { scopes: ['repl:read'] })
    const response = await post(platform, { token, body: `[${rpc('resources/list')},${EXEC}]` })
    expect(response.status).toBe(400)
    expect(await response.text()).toContain('Batches are not served')
    expect(platform.lifecycle.starts).toBe(0)
  })

  test('a viewer’s agent sees no tool that writes, whatever its token says', async () => {
    await using platform = await startPlatform()
    platform.lifecycle.isAsleep = true
    const { token } = await letIn(platform, { role: 'viewer' })
    const response = await post(platform, { token, headers: { 'mcp-protocol-version': '2025-11-25' } })
    const text = await response.text()
    expect(text).toContain('read_file')
    expect(text).not.toContain('write_file')
    expect(text).not.toContain('"exec"')
  })
})

describe('a repl that sleeps', () => {
  test.each(['2025-11-25', 'auto'] as const)('answers a client’s opening (%s) without being woken', async (era) => {
    await using platform = await startPlatform()
    platform.lifecycle.isAsleep = true
    const { token } = await letIn(platform)
    const client = new Client(
      { name: 'probe', version: '1' },
      { versionNegotiation: { mode: era === 'auto' ? 'auto' : 'legacy' } },
    )
    await client.connect(
      new StreamableHTTPClientTransport(new URL(`${platform.origin}/r/${platform.replId}/mcp`), {
        requestInit: { headers: { authorization: `Bearer ${token}` } },
      }),
    )
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('exec')
    expect((await client.listPrompts()).prompts.length).toBeGreaterThan(0)
    expect((await client.listResourceTemplates()).resourceTemplates.length).toBeGreaterThan(0)
    await client.close()
    expect(platform.lifecycle.starts).toBe(0)
  })

  test(
    'is woken by a call, which hears that it starts, and goes to a session of no older sandbox',
    async () => {
      await using platform = await startPlatform({}, { limits: { quickWakeMs: 5, heartbeatMs: 20 } })
      const { token } = await letIn(platform)
      await using sidecar = await startSidecar(platform, answerOk)
      platform.lifecycle.isAsleep = true
      const started = Promise.withResolvers<void>()
      platform.lifecycle.start = () => started.promise
      const body = rpc('tools/call', { name: 'exec', arguments: {}, _meta: { progressToken: 'p' } })
      const response = await post(platform, { token, body, headers: { 'mcp-session-id': 'old' } })
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      while (text.split('notifications/progress').length < 4) text += (await reader?.read())?.value ?? ''
      started.resolve()
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) text += part.value
      const events = text
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map((line) => JSON.parse(line.slice(6)))
      const steps = events.flatMap((event) => event.params?.progress ?? [])
      expect(steps.toSorted((a: number, b: number) => a - b)).toEqual(steps)
      expect(Math.max(...steps)).toBeLessThan(1)
      expect(events.at(-1)).toMatchObject({ id: 7, result: { content: [{ text: 'done' }] } })
      expect(sidecar.seen[0]?.headers['mcp-session-id']).toBeUndefined()
    },
    LIMIT_MS,
  )

  test('that does not start: the model is told what to do next', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    platform.lifecycle.isAsleep = true
    platform.lifecycle.start = () => Promise.reject(new Error('broken'))
    const failed = await post(platform, { token, body: EXEC })
    expect(failed.status).toBe(200)
    expect(await failed.json()).toMatchObject({ id: 7, result: { isError: true } })
  })

  test('offers no stream and keeps no session', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    platform.lifecycle.isAsleep = true
    const url = `${platform.origin}/r/${platform.replId}/mcp`
    const headers = { authorization: `Bearer ${token}` }
    expect((await fetch(url, { headers })).status).toBe(405)
    expect((await fetch(url, { method: 'DELETE', headers })).status).toBe(204)
    expect(platform.lifecycle.starts).toBe(0)
  })
})

describe('a call', () => {
  test('L4: goes to the sidecar with a token of its own and counts as use; cookies and tokens stay here', async () => {
    await using platform = await startPlatform()
    const { token, connection } = await letIn(platform)
    await using sidecar = await startSidecar(platform, answerOk)
    const headers = {
      cookie: 'next-auth.session-token=x',
      'mcp-method': 'tools/call',
      traceparent: 't',
      'x-more': 'no',
    }
    const response = await post(platform, { token, body: EXEC, headers })
    expect(await response.json()).toMatchObject({ result: { content: [{ text: 'done' }] } })
    expect(response.headers.get('set-cookie')).toBeNull()
    const [seen] = sidecar.seen
    expect(seen?.headers).toMatchObject({ 'mcp-method': 'tools/call', traceparent: 't' })
    expect(seen?.headers.cookie).toBeUndefined()
    expect(seen?.headers['x-more']).toBeUndefined()
    const claims = agentClaimsSchema.parse(decodeJwt(seen?.headers.authorization?.slice('Bearer '.length) ?? ''))
    expect(claims).toMatchObject({
      aud: 'mcp',
      repl: platform.replId,
      client: 'Probe',
      connection: connection.id,
      scopes: ['repl:read', 'repl:write', 'repl:exec'],
    })
    expect(platform.lifecycle.touches).toBeGreaterThan(0)
  })

  test('counts as use of the repl; what needs no sandbox, or only opens and ends a stream, does not', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    await using sidecar = await startSidecar(platform, (_request, body, response) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body === '' ? '{}' : body),
    )
    const url = `${platform.origin}/r/${platform.replId}/mcp`
    for (const method of ['GET', 'DELETE'])
      await (await fetch(url, { method, headers: { authorization: `Bearer ${token}` } })).text()
    for (const method of ['ping', 'tools/list', 'server/discover', 'notifications/initialized'])
      await (await post(platform, { token, body: rpc(method) })).text()
    expect(sidecar.seen).toHaveLength(6)
    expect(platform.lifecycle.touches).toBe(0)
    await (await post(platform, { token, body: rpc('resources/read', { uri: 'repl://tree' }) })).text()
    expect(platform.lifecycle.touches).toBe(1)
  })

  test(
    'is passed on piece by piece, and ends in the sandbox when its client hangs up',
    async () => {
      await using platform = await startPlatform()
      const { token } = await letIn(platform)
      const hungUp = Promise.withResolvers<void>()
      await using _ = await startSidecar(platform, (_request, _body, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('event: message\ndata: {"a":1}\n\n')
        response.once('close', hungUp.resolve)
      })
      const abort = new AbortController()
      const response = await post(platform, { token, body: EXEC, signal: abort.signal })
      const first = await response.body?.getReader().read()
      expect(new TextDecoder().decode(first?.value)).toContain('{"a":1}')
      abort.abort()
      await hungUp.promise
    },
    LIMIT_MS,
  )

  test(
    'and a stream end within a second when the agent is cut off, and its model is told',
    async () => {
      await using platform = await startPlatform()
      const { token, connection } = await letIn(platform)
      await using _ = await startSidecar(platform, (_request, _body, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(': open\n\n')
      })
      const response = await post(platform, { token, body: EXEC })
      const reader = response.body?.getReader()
      await reader?.read()
      await platform.connections.end(connection)
      const cutAt = Date.now()
      const last = new TextDecoder().decode((await reader?.read())?.value)
      expect(JSON.parse(last.slice(last.indexOf('{')))).toMatchObject({ id: 7, result: { isError: true } })
      expect(await reader?.read()).toMatchObject({ done: true })
      expect(Date.now() - cutAt).toBeLessThan(1000)
      expect((await post(platform, { token, body: EXEC })).status).toBe(401)
    },
    LIMIT_MS,
  )

  test(
    'whose sandbox goes away under it: the model is told to look first',
    async () => {
      await using platform = await startPlatform()
      const { token } = await letIn(platform)
      await using _ = await startSidecar(platform, (_request, _body, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write('event: message\ndata: {"half', () => response.destroy())
      })
      const text = await (await post(platform, { token, body: EXEC })).text()
      const last =
        text
          .split('\n')
          .findLast((line) => line.startsWith('data: '))
          ?.slice(6) ?? ''
      expect(JSON.parse(last)).toMatchObject({ id: 7, result: { isError: true } })
      expect(last).toContain('whether it took effect is not known')
    },
    LIMIT_MS,
  )

  test('to a sandbox that cannot be reached: a result that says to try again', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    const answer = await (await post(platform, { token, body: EXEC })).json()
    expect(answer).toMatchObject({ result: { isError: true } })
    expect(JSON.stringify(answer)).toContain('Try again')
  })

  test('that is no tool’s, with the sandbox away or going away: 503, in words too', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    const body = rpc('resources/read', { uri: 'repl://files/a' })
    const away = await post(platform, { token, body })
    expect(away.status).toBe(503)
    expect(await away.json()).toMatchObject({ id: 7, error: { message: expect.stringContaining('Try again') } })
    await using _ = await startSidecar(platform, (request) => request.socket.destroy())
    const cut = await post(platform, { token, body })
    expect(cut.status).toBe(503)
    expect(await cut.json()).toMatchObject({ id: 7, error: { message: expect.stringContaining('is not known') } })
  })

  test.each<[string, Handler]>([
    ['goes away before it says a word', ({ socket }) => socket.destroy()],
    [
      'switches protocols unasked',
      ({ socket }) => socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'),
    ],
  ])('whose sandbox %s: the model is told to look first', async (_name, handle) => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    await using _ = await startSidecar(platform, handle)
    const answer = await post(platform, { token, body: EXEC })
    expect(answer.status).toBe(200)
    expect(JSON.stringify(await answer.json())).toContain('whether it took effect is not known')
  })

  test('whose answer is cut where it is one message: the model is told, and gets no half of it', async () => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    await using _ = await startSidecar(platform, (_request, _body, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 })
      response.write('{"jsonrpc":"2.0",', () => response.destroy())
    })
    const answer = await post(platform, { token, body: EXEC })
    expect(await answer.json()).toMatchObject({ id: 7, result: { isError: true } })
  })
})

describe('a call that the sidecar refuses', () => {
  const refuse =
    (status: number, body: unknown): Handler =>
    (_request, _body, response) => {
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(JSON.stringify(body))
    }
  const STARTING = {
    error: { code: 'unavailable', message: 'This REPL is still starting.', advice: 'Try again in a few seconds.' },
  }
  const OVER = { jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null }
  const CONTRADICTS = { jsonrpc: '2.0', error: { code: -32_020, message: 'Header mismatch' }, id: 7 }

  test.each(['awake', 'waking'])('of a repl that is %s: the model is told why and what to do', async (how) => {
    await using platform = await startPlatform({}, { limits: { quickWakeMs: 5, heartbeatMs: 20 } })
    const { token } = await letIn(platform)
    await using _ = await startSidecar(platform, refuse(503, STARTING))
    await using client = await oldClient(platform, token)
    platform.lifecycle.isAsleep = how === 'waking'
    const started = Promise.withResolvers<void>()
    platform.lifecycle.start = () => started.promise
    const result = await client.callTool({ name: 'exec', arguments: {} }, undefined, {
      onprogress: () => started.resolve(),
      timeout: 5000,
    })
    expect(result).toMatchObject({ isError: true })
    expect(JSON.stringify(result.content)).toContain('This REPL is still starting. Try again in a few seconds.')
  })

  test.each<[string, unknown, Record<string, unknown>]>([
    ['in words that nobody foresaw', 'Bad Gateway', { id: 7, result: { isError: true } }],
    ['in a message without an id', OVER, { id: 7, result: { isError: true } }],
    ['in a message of its own', CONTRADICTS, CONTRADICTS],
  ])('while it wakes, %s: the client hears one answer to its call', async (_what, said, heard) => {
    await using platform = await startPlatform({}, { limits: { quickWakeMs: 5, heartbeatMs: 20 } })
    const { token } = await letIn(platform)
    await using _ = await startSidecar(platform, refuse(502, said))
    platform.lifecycle.isAsleep = true
    const started = Promise.withResolvers<void>()
    platform.lifecycle.start = () => started.promise
    const response = await post(platform, { token, body: EXEC })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    started.resolve()
    const events = (await response.text()).split('\n').filter((line) => line.startsWith('data: '))
    expect(events.map((line) => JSON.parse(line.slice(6)))).toEqual([expect.objectContaining({ id: 7 })])
    expect(JSON.parse(events[0]?.slice(6) ?? '')).toMatchObject(heard)
  })

  test.each<[string, Handler]>([
    ['refuses', refuse(503, STARTING)],
    ['has forgotten its session', refuse(404, OVER)],
    ['goes away', ({ socket }) => void socket.destroy()],
  ])('that is no tool’s, of a repl whose sidecar %s as it wakes: the client waits no longer', async (_how, handle) => {
    await using platform = await startPlatform({}, { limits: { quickWakeMs: 5, heartbeatMs: 20 } })
    const { token } = await letIn(platform)
    await using _ = await startSidecar(platform, handle)
    platform.lifecycle.isAsleep = true
    const started = Promise.withResolvers<void>()
    platform.lifecycle.start = () => started.promise
    const response = await post(platform, { token, body: rpc('resources/read', { uri: 'repl://tree' }) })
    started.resolve()
    const events = (await response.text()).split('\n').filter((line) => line.startsWith('data: '))
    expect(events.map((line) => JSON.parse(line.slice(6)))).toEqual([
      expect.objectContaining({ id: 7, error: expect.objectContaining({ message: expect.any(String) }) }),
    ])
  })

  test('that does not wake, for no tool: the client hears why', async () => {
    await using platform = await startPlatform({}, { limits: { quickWakeMs: 5, heartbeatMs: 20 } })
    const { token } = await letIn(platform)
    platform.lifecycle.isAsleep = true
    const started = Promise.withResolvers<void>()
    platform.lifecycle.start = () => started.promise
    const response = await post(platform, { token, body: rpc('resources/read', { uri: 'repl://tree' }) })
    started.reject(new AppError('unavailable', 'There is no room.'))
    expect(await response.text()).toContain('There is no room.')
  })

  test.each([
    [404, OVER],
    [400, CONTRADICTS],
  ])('by a status that clients know what to do about (%i) reaches them as it is', async (status, said) => {
    await using platform = await startPlatform()
    const { token } = await letIn(platform)
    await using _ = await startSidecar(platform, refuse(status, said))
    const response = await post(platform, { token, body: EXEC })
    expect(response.status).toBe(status)
    expect(await response.json()).toEqual(said)
  })
})

describe('limits', () => {
  test('past one: 429 and when to come back', async () => {
    await using platform = await startPlatform({}, { callsPerMinute: 2 })
    const { token } = await letIn(platform)
    platform.lifecycle.isAsleep = true
    for (let call = 0; call < 2; call++) expect((await post(platform, { token })).status).toBe(200)
    const response = await post(platform, { token })
    expect(response.status).toBe(429)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('calls at a time, streams and bytes are counted per connection and per repl', () => {
    let now = 0
    const limits = { ...MCP_LIMITS, parallelCalls: 2, parallelCallsPerRepl: 3, streams: 1, bytesPerMinute: 60 }
    const meters = createMeters(limits, 1000, () => now)
    const call = (connectionId: string) => meters.begin({ connectionId, replId: 'r', isStream: false })
    const first = call('a')
    call('a')
    expect(() => call('a')).toThrow('under way')
    call('b')
    expect(() => call('b')).toThrow('under way')
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    call('b').bytes(70)
    expect(() => meters.begin({ connectionId: 'b', replId: undefined, isStream: true })).toThrow('sent')
    now += 60_000
    meters.begin({ connectionId: 'b', replId: undefined, isStream: true })
    expect(() => meters.begin({ connectionId: 'b', replId: undefined, isStream: true })).toThrow('open')
  })
})

describe.each(['a repl', 'the account'])('a body that does not come, sent to %s', (to) => {
  const at = async (limits: Partial<McpLimits>) => {
    const platform = await startPlatform({}, { limits })
    const isRepl = to === 'a repl'
    const { id } = platform.person('owner')
    const { token } = await platform.connections.issue({
      userId: id,
      userName: 'Ada',
      resource: isRepl ? { kind: 'repl', replId: platform.replId } : { kind: 'account' },
      client: 'Probe',
      scopes: isRepl ? ['repl:read'] : ['account:read'],
    })
    platform.lifecycle.isAsleep = true
    const path = isRepl ? `/r/${platform.replId}/mcp` : '/mcp'
    return {
      ask: () => post(platform, { token, path }),
      /** Sends the beginning of a body; what is answered meanwhile. */
      begin: () => answerToHalf({ port: platform.port, path, token }),
      [Symbol.asyncDispose]: () => platform[Symbol.asyncDispose](),
    }
  }

  test('counts as a call meanwhile: no more are read at a time than there may be calls', async () => {
    await using door = await at({ parallelCalls: 2 })
    using _ = door.begin()
    using __ = door.begin()
    await expect
      .poll(
        async () => {
          const response = await door.ask()
          return { status: response.status, isTold: (await response.text()).includes('2 calls are under way already') }
        },
        { timeout: LIMIT_MS },
      )
      .toEqual({ status: 429, isTold: true })
  })

  test('is waited for only so long', async () => {
    await using door = await at({ bodyMs: 50, parallelCalls: 1 })
    using half = door.begin()
    const { status, text } = await half.answer
    expect(status).toBe(504)
    expect(text).toContain('The call’s body did not come within 0.05 s. Send it again')
    expect((await door.ask()).status).toBe(200)
  })
})

/** Sends half a body and leaves it at that. */
function answerToHalf({ port, path, token }: { port: number; path: string; token: string }) {
  const answer = Promise.withResolvers<{ status: number | undefined; text: string }>()
  // Nobody may wait for it.
  answer.promise.catch(() => undefined)
  const half = request(
    {
      port,
      path,
      method: 'POST',
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'content-length': 100,
      },
    },
    (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        answer.resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString('utf8') }),
      )
    },
  )
  half.on('error', answer.reject)
  half.write('{"jsonrpc":')
  return { answer: answer.promise, [Symbol.dispose]: () => void half.destroy() }
}

/** The status for a request that names another host: `fetch` would not let us. */
function rawStatus(platform: Platform, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request(
      { port: platform.port, path: `/r/${platform.replId}/mcp`, method: 'POST', headers: { host } },
      (response) => {
        response.resume()
        resolve(response.statusCode ?? 0)
      },
    )
      .on('error', reject)
      .end('{}')
  })
}
