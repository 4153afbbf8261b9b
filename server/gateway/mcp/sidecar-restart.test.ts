import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { principalOfUser } from '#server/auth/principal.ts'
import { portOf } from '#server/gateway/_platform.ts'
import { readRecord } from '#server/orchestrator/local/record.ts'
import { LIMIT_MS, stage, why } from '#server/repls/_stage.ts'

interface Door extends AsyncDisposable {
  post(message: Record<string, unknown>, headers?: Record<string, string>): Promise<Response>
  /** Opens the stream of a session. */
  follow(headers: Record<string, string>): Promise<Response>
  workspace: string
  /** `kill -9`; what keeps the REPL starts it again. */
  killSidecar(): Promise<void>
}

async function openDoor(): Promise<Door> {
  await using opened = new AsyncDisposableStack()
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const publicUrl = new URL(`http://localhost:${portOf(server)}`)
  const s = opened.use(await stage({ publicUrl }))
  server.on('request', (request, response) => void s.app.gateway.handleRequest(request, response))
  opened.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const { auth, repls, agents } = s.app.context
  const ada = principalOfUser(
    await auth.users.signIn({ provider: 'local', accountId: 'ada', name: 'Ada', isAdmin: false }),
  )
  const { id } = await repls.create(ada, { source: { kind: 'template', template: 'empty' } })
  const { sandboxId } = await s.app.lifecycle.ensureRunning(id, AbortSignal.timeout(LIMIT_MS))
  const { token } = await agents.createToken(ada, {
    resource: { kind: 'repl', replId: id },
    name: 'Robot',
    scopes: ['repl:read', 'repl:write', 'repl:exec'],
  })
  const owned = opened.move()
  const url = new URL(`/r/${id}/mcp`, publicUrl)
  const common = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  }
  return {
    workspace: join(await s.volumeOf(id), 'workspace'),
    follow: (headers) => fetch(url, { headers: { ...common, ...headers } }),
    post: (message, headers) => {
      const body = JSON.stringify({ jsonrpc: '2.0', ...message })
      return fetch(url, { method: 'POST', headers: { ...common, ...headers }, body })
    },
    killSidecar: async () => {
      const record = await readRecord(join(s.folder, 'sandboxes', sandboxId, 'sandbox.json'))
      process.kill(record?.parts.sidecar?.main.pid ?? Number.NaN, 'SIGKILL')
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function callOf(tool: string, args: Record<string, unknown>): Record<string, unknown> {
  return { id: 7, method: 'tools/call', params: { name: tool, arguments: args } }
}

/** The last message of an answer, whether it came as one or as a stream. */
function lastOf(text: string): unknown {
  const event = text.split('\n').findLast((line) => line.startsWith('data: '))
  return JSON.parse(event?.slice('data: '.length) ?? text)
}

const INITIALIZE = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'probe', version: '1' } },
}

describe(`a sidecar that dies and is started again${why}`, { timeout: LIMIT_MS, skip: why !== '' }, () => {
  let door: Door
  beforeAll(async () => {
    door = await openDoor()
  }, LIMIT_MS)
  afterAll(() => door[Symbol.asyncDispose]())

  const answerTo = async (tool: string) => lastOf(await (await door.post(callOf(tool, {}))).text())

  test('under a call: the model is told what to look at first, and finds there what it had begun', async () => {
    const answer = door.post(callOf('exec', { command: 'echo begun > begun.txt; sleep 600', yield_ms: 30_000 }))
    await expect.poll(() => existsSync(join(door.workspace, 'begun.txt')), { timeout: LIMIT_MS }).toBe(true)
    await door.killSidecar()
    const response = await answer
    expect(response.status).toBe(200)
    const cut = await response.text()
    expect(lastOf(cut)).toMatchObject({ id: 7, result: { isError: true } })
    expect(cut).toContain('whether it took effect is not known. Call repl_info until it answers')
    await expect
      .poll(() => answerTo('repl_info'), { timeout: LIMIT_MS })
      .toMatchObject({ result: { structuredContent: expect.anything() } })
    expect(JSON.stringify(await answerTo('process_list'))).toContain('sleep 600')
  })

  test('under a session of the older protocol: its streams end, and its client goes on without one', async () => {
    const begin = async () => {
      const response = await door.post(INITIALIZE)
      await response.text()
      return response.headers.get('mcp-session-id') ?? ''
    }
    const session = { 'mcp-session-id': await begin(), 'mcp-protocol-version': '2025-11-25' }
    const stream = await door.follow(session)
    expect(stream.status).toBe(200)
    const call = door.post(callOf('exec', { command: 'sleep 600', yield_ms: 30_000 }), session)
    const seen = async () => JSON.stringify(await answerTo('process_list'))
    await expect.poll(seen, { timeout: LIMIT_MS }).toMatch(/"command":"sleep 600"/)
    await door.killSidecar()
    expect(lastOf(await (await call).text())).toMatchObject({ id: 7, result: { isError: true } })
    await expect(stream.text()).rejects.toThrow('terminated')
    const answer = async () => lastOf(await (await door.post(callOf('repl_info', {}), session)).text())
    await expect.poll(answer, { timeout: LIMIT_MS }).toMatchObject({ result: { structuredContent: expect.anything() } })
    // What needs the session itself says that it is over: a client that can begins another.
    expect((await door.follow(session)).status).toBe(404)
    const next = { ...session, 'mcp-session-id': await begin() }
    expect(next['mcp-session-id']).toMatch(/./)
    expect(next['mcp-session-id']).not.toBe(session['mcp-session-id'])
    expect((await door.post(callOf('repl_info', {}), next)).status).toBe(200)
  })
})
