import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { listTools, newClient, openDoor, refresh, tokensFor } from '#server/auth/oauth/_door.ts'
import type { Door, Turns } from '#server/auth/oauth/_door.ts'
import { REFRESH_LEEWAY_SECONDS } from '#server/auth/oauth/limits.ts'
import { MCP_LIMITS } from '#server/gateway/mcp/limits.ts'
import { LIMIT_MS, why } from '#server/repls/_stage.ts'
import { hasRedis, startRedis } from '#server/workspaces/faults/_redis.ts'

const CALLBACK = 'http://localhost:51234/callback'
const SCOPE = 'repl:read repl:write repl:exec offline_access'
/** How soon what was cut off must be over, wherever it is open. */
const CUT_MS = 1000
/** For what comes soon, on a machine that is busy. */
const PATIENCE = { timeout: 15_000 }
const skipped = why === '' && !hasRedis() ? ' (skipped: no redis-server is installed)' : why

describe(`agents between two control planes${skipped}`, { timeout: LIMIT_MS, skip: skipped !== '' }, () => {
  const opened = new AsyncDisposableStack()
  let door: Door
  let turns: Turns

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'devex-two-'))
    opened.defer(() => rm(folder, { recursive: true, force: true }))
    const redis = opened.use(await startRedis(folder))
    if (redis === undefined) throw new Error('No Redis.')
    door = opened.use(await openDoor({ redisUrl: redis.url }))
    turns = await door.openSecond()
  }, LIMIT_MS)
  afterAll(() => opened.disposeAsync())
  afterEach(() => void vi.useRealTimers())

  const letIn = async () => {
    const clientId = await newClient(door, CALLBACK)
    return {
      clientId,
      ...(await tokensFor(door, { clientId, redirectUri: CALLBACK, resource: door.resource, scope: SCOPE })),
    }
  }
  const statusAt = async (turn: () => void, token: string) => {
    turn()
    return (await listTools(token, door.resource)).status
  }
  const { first, second, each } = {
    first: () => turns.first(),
    second: () => turns.second(),
    each: () => turns.each(),
  }

  test.each([
    ['first', first],
    ['second', second],
  ])(
    'a sign-in whose every step is another’s ends with a token good at both (begun at the %s)',
    async (_name, begin) => {
      begin()
      each()
      const { status, access, view } = await letIn()
      expect(status).toBe(200)
      expect(view.client.name).toBe('Probe')
      expect(await statusAt(first, access)).toBe(200)
      expect(await statusAt(second, access)).toBe(200)
    },
  )

  test.each(['legacy', 'auto'] as const)(
    'a client (%s) works when each of its requests meets another than the last',
    async (mode) => {
      const { token } = await door.app.context.agents.createToken(door.ada, {
        resource: { kind: 'repl', replId: door.replId },
        name: 'Probe',
        scopes: ['repl:read', 'repl:write', 'repl:exec'],
      })
      each()
      const client = new Client({ name: 'probe', version: '1' }, { versionNegotiation: { mode } })
      const requestInit = { headers: { authorization: `Bearer ${token}` } }
      await client.connect(new StreamableHTTPClientTransport(new URL(door.resource), { requestInit }))
      for (const word of ['one', 'two', 'three']) {
        const result = await client.callTool({ name: 'exec', arguments: { command: `echo ${word}` } })
        expect(JSON.stringify(result.content)).toContain(word)
      }
      await client.close()
    },
  )

  test('a token of one is renewed at the other; one that is brought again much later, wherever, ends all that came of it', async () => {
    first()
    const { clientId, access, refresh: token } = await letIn()
    second()
    const next = await refresh(door, { clientId, token })
    expect(next.status).toBe(200)
    first()
    const third = await refresh(door, { clientId, token: String(next.body['refresh_token']) })
    expect(third.status).toBe(200)
    expect(await statusAt(second, String(third.body['access_token']))).toBe(200)
    vi.useFakeTimers({ now: Date.now() + REFRESH_LEEWAY_SECONDS * 1000, toFake: ['Date'] })
    second()
    expect((await refresh(door, { clientId, token })).body).toMatchObject({ error: 'invalid_grant' })
    first()
    const newest = String(third.body['refresh_token'])
    expect((await refresh(door, { clientId, token: newest })).body).toMatchObject({ error: 'invalid_grant' })
    await expect.poll(() => statusAt(first, access), PATIENCE).toBe(401)
    await expect.poll(() => statusAt(second, String(third.body['access_token'])), PATIENCE).toBe(401)
  })

  test('brought to both at once, a refresh token is good at both', async () => {
    first()
    const { clientId, refresh: token } = await letIn()
    each()
    const answers = await Promise.all([1, 2].map(() => refresh(door, { clientId, token })))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    for (const { body } of answers) expect(await statusAt(first, String(body['access_token']))).toBe(200)
  })

  test.each([
    ['for the REPL', { kind: 'repl' }],
    ['for the account', { kind: 'account' }],
  ] as const)(
    'cut off at one, a stream that is open at the other ends within a second: a token %s',
    async (_name, { kind }) => {
      const { agents } = door.app.context
      const resource = kind === 'repl' ? { kind, replId: door.replId } : { kind }
      const { token, connection } = await agents.createToken(door.ada, {
        resource,
        name: 'Probe',
        scopes: ['repl:read'],
      })
      second()
      const stream = await openStream(token, door.resource)
      first()
      const cutAt = Date.now()
      await door.app.context.agents.cut(door.ada, connection.id)
      await expect(stream.read()).rejects.toThrow('terminated')
      expect(Date.now() - cutAt).toBeLessThan(CUT_MS)
      expect(await statusAt(second, token)).toBe(401)
    },
  )

  test('what is open at one counts at the other', async () => {
    const { agents } = door.app.context
    const resource = { kind: 'repl' as const, replId: door.replId }
    const { token } = await agents.createToken(door.ada, { resource, name: 'Probe', scopes: ['repl:read'] })
    first()
    for (let count = 0; count < MCP_LIMITS.streams; count++) await openStream(token, door.resource)
    second()
    const status = async () => {
      const response = await listen(token, door.resource)
      await response.body?.cancel()
      return response.status
    }
    await expect.poll(status, PATIENCE).toBe(429)
  })
})

/** Follows a REPL's resources as clients of the newer protocol do. */
function listen(token: string, url: string): Promise<Response> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'probe', version: '1' },
  }
  const method = 'subscriptions/listen'
  const params = { _meta: meta, notifications: { resourcesListChanged: true } }
  return fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  })
}

/** Resolves when the stream is open. */
async function openStream(token: string, url: string) {
  const response = await listen(token, url)
  const reader = response.body?.getReader()
  if (!response.ok || reader === undefined) throw new Error(`refused with ${response.status}`)
  const opening = new TextDecoder().decode((await reader.read()).value)
  if (!opening.includes('acknowledged')) throw new Error(opening)
  return { read: () => reader.read() }
}
