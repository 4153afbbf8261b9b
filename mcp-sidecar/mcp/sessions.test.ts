import { Server } from '@modelcontextprotocol/server'
import { describe, expect, it } from 'vitest'
import { MAX_SESSIONS, MAX_SESSIONS_PER_CONNECTION } from './limits.ts'
import { Sessions } from './sessions.ts'

const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'a', version: '1' } },
}
const CALL = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'wait', arguments: {} } }
const PING = { jsonrpc: '2.0', id: 3, method: 'ping' }

/** Sessions of servers whose one tool ends when the test lets it. */
function open() {
  const cancelled: string[] = []
  const sessions = new Sessions(() => {
    const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/call', async (_request, { mcpReq }) => {
      await new Promise((resolve) => mcpReq.signal.addEventListener('abort', resolve))
      cancelled.push(String(mcpReq.id))
      return { content: [] }
    })
    return server
  })
  const askedFor = (body: unknown, connection: string, answering = new DisposableStack(), id?: string) => ({
    request: new Request('http://sidecar/mcp', {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(id !== undefined && { 'mcp-session-id': id }),
      },
      body: JSON.stringify(body),
    }),
    parsedBody: body,
    authInfo: { token: '', clientId: connection, scopes: [] },
    connection,
    person: connection,
    over: new AbortController().signal,
    answering,
  })
  const begin = async (connection: string): Promise<string> => {
    using answering = new DisposableStack()
    const response = await sessions.begin(askedFor(INITIALIZE, connection, answering))
    await response?.text()
    return response?.headers.get('mcp-session-id') ?? 'none'
  }
  return {
    cancelled,
    begin,
    /** Begins a session with a call in it that goes on, until what it returns is disposed of. */
    busy: async (connection: string) => {
      const answering = new DisposableStack()
      const id = await begin(connection)
      await sessions.serve(id, askedFor(CALL, connection, answering, id))
      return Object.assign(answering, { id })
    },
    isOpen: async (id: string, connection: string) => {
      using answering = new DisposableStack()
      return (await sessions.serve(id, askedFor(PING, connection, answering, id))) !== undefined
    },
    [Symbol.asyncDispose]: () => sessions[Symbol.asyncDispose](),
  }
}

describe('sessions of the older protocol', () => {
  it('of one connection are bounded: its own least used makes room, nobody else’s', async () => {
    await using sessions = open()
    const theirs = await sessions.begin('other')
    const first = await sessions.begin('mine')
    const second = await sessions.begin('mine')
    for (let more = 2; more <= MAX_SESSIONS_PER_CONNECTION; more++) await sessions.begin('mine')
    expect(await sessions.isOpen(first, 'mine')).toBe(false)
    expect(await sessions.isOpen(second, 'mine')).toBe(true)
    expect(await sessions.isOpen(theirs, 'other')).toBe(true)
  })

  it('that begin at the same moment count each other', async () => {
    await using sessions = open()
    const begun = await Promise.all(
      Array.from({ length: MAX_SESSIONS_PER_CONNECTION + 1 }, () => sessions.begin('mine')),
    )
    expect(begun.filter((id) => id === 'none')).toHaveLength(1)
  })

  it('with a call under way end for nobody, however many others begin', async () => {
    await using sessions = open()
    using working = await sessions.busy('worker')
    for (let other = 0; other < MAX_SESSIONS + 10; other++) await sessions.begin(`c${other % 10}`)
    for (let more = 0; more < MAX_SESSIONS_PER_CONNECTION; more++) await sessions.begin('worker')
    expect(await sessions.isOpen(working.id, 'worker')).toBe(true)
    expect(sessions.cancelled).toEqual([])
  })

  it('make room again when their call has ended; until then there is no new one', async () => {
    await using sessions = open()
    const busy = []
    for (let own = 0; own < MAX_SESSIONS_PER_CONNECTION; own++) busy.push(await sessions.busy('mine'))
    expect(await sessions.begin('mine')).toBe('none')
    busy[0]?.[Symbol.dispose]()
    expect(await sessions.begin('mine')).not.toBe('none')
    expect(await sessions.isOpen(busy[0]?.id ?? '', 'mine')).toBe(false)
  })

  it('of all connections are bounded: the least used that is idle makes room, or there is no new one', async () => {
    await using sessions = open()
    const idle = await sessions.begin('idle')
    for (let other = 1; other < MAX_SESSIONS; other++) await sessions.busy(`c${other % 10}`)
    const last = await sessions.busy('late')
    expect(await sessions.isOpen(idle, 'idle')).toBe(false)
    expect(await sessions.begin('later')).toBe('none')
    expect(await sessions.isOpen(last.id, 'late')).toBe(true)
    expect(sessions.cancelled).toEqual([])
  })
})
