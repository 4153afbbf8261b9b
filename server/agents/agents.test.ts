import { describe, expect, test } from 'vitest'
import type { AgentCall } from '#protocol/agents.ts'
import { createAgents } from '#server/agents/agents.ts'
import { createCallLog } from '#server/agents/calls.ts'
import { MAX_CALLS_PER_REPL } from '#server/agents/limits.ts'
import { createConnections } from '#server/agents/connections.ts'
import { createLog } from '#server/log.ts'
import { createMetrics } from '#server/metrics/metrics.ts'
import { openTestBed, user } from '#server/repls/_domain.ts'
import { openSqliteStateStore } from '#server/state-store/sqlite.ts'

async function stage() {
  const b = await openTestBed(openSqliteStateStore)
  const lines: string[] = []
  const log = createLog({ level: 'info', format: 'text', write: (line) => lines.push(line) })
  const connections = createConnections({ stateStore: b.stateStore, log, now: () => b.now() })
  const calls = createCallLog({ stateStore: b.stateStore, metrics: createMetrics(), log })
  const { access, history } = b.domain
  const ended: string[] = []
  const agents = createAgents({ connections, calls, access, history, onCut: async ({ id }) => void ended.push(id) })
  const [ada, ed] = [user('Ada'), user('Ed')]
  const { id: replId } = await b.domain.repls.create(ada, { source: { kind: 'template', template: 'node' } })
  const { token } = await b.domain.shares.create(ada, replId, { role: 'editor', allowSignedOut: false })
  await b.domain.shares.redeem(ed, token)
  return { b, agents, connections, calls, replId, ada, ed, lines, ended }
}

type Stage = Awaited<ReturnType<typeof stage>>

function tokenFor({ agents, replId }: Stage, who: Stage['ada'], expiresAt?: number) {
  return agents.createToken(who, {
    resource: { kind: 'repl', replId },
    name: 'CI',
    scopes: ['repl:read', 'repl:exec'],
    ...(expiresAt !== undefined && { expiresAt }),
  })
}

function call(id: string, over: Partial<AgentCall> = {}): AgentCall {
  return {
    id,
    connection: 'c',
    actor: 'Ada',
    client: 'Claude Code',
    tool: 'exec',
    args: '{"command":"echo very-secret"}',
    startedAt: Date.now(),
    summary: 'very-secret',
    run: 'r',
    ...over,
  }
}

describe('tokens', () => {
  test('a token is told once, stored hashed, and leads to its connection', async () => {
    const s = await stage()
    await using _ = s.b
    const { token, connection } = await tokenFor(s, s.ada)
    expect(await s.connections.ofToken(token)).toMatchObject({ id: connection.id, client: 'CI', userId: s.ada.id })
    const stored = JSON.stringify((await s.b.stateStore.list('agent-')).records)
    expect(stored).not.toContain(token.split('_').at(-1))
    expect(JSON.stringify(await s.agents.mine(s.ada))).not.toContain('secretHash')
  })

  test('a changed, an expired and a revoked one lead nowhere', async () => {
    const s = await stage()
    await using _ = s.b
    const { token } = await tokenFor(s, s.ada, s.b.now() + 60_000)
    expect(await s.connections.ofToken(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined()
    expect(await s.connections.ofToken('devex_pat_x')).toBeUndefined()
    s.b.advance(60_001)
    expect(await s.connections.ofToken(token)).toBeUndefined()
    const other = await tokenFor(s, s.ada)
    await s.agents.cut(s.ada, other.connection.id)
    expect(await s.connections.ofToken(other.token)).toBeUndefined()
    expect(s.ended).toEqual([other.connection.id])
  })

  test('nobody gives an agent more than they have, or a life without an end', async () => {
    const s = await stage()
    await using _ = s.b
    const wanted = { resource: { kind: 'repl', replId: s.replId } as const, name: 'x' }
    await expect(s.agents.createToken(s.ed, { ...wanted, scopes: ['repl:admin'] })).rejects.toMatchObject({
      code: 'forbidden',
    })
    await expect(tokenFor(s, s.ada, s.b.now() - 1)).rejects.toMatchObject({ code: 'bad_request' })
    await expect(tokenFor(s, s.ada, s.b.now() + 400 * 86_400_000)).rejects.toMatchObject({ code: 'bad_request' })
  })

  test('the owner sees and cuts off all agents of a repl, others their own', async () => {
    const s = await stage()
    await using _ = s.b
    const own = await tokenFor(s, s.ada)
    const foreign = await tokenFor(s, s.ed)
    expect((await s.agents.connections(s.ada, s.replId)).map(({ id }) => id).toSorted()).toEqual(
      [own.connection.id, foreign.connection.id].toSorted(),
    )
    expect((await s.agents.connections(s.ed, s.replId)).map(({ id }) => id)).toEqual([foreign.connection.id])
    await expect(s.agents.cut(s.ed, own.connection.id)).rejects.toMatchObject({ code: 'not_found' })
    await s.agents.cut(s.ada, foreign.connection.id)
    expect(await s.agents.connections(s.ed, s.replId)).toEqual([])
  })
})

describe('calls', () => {
  test('are listed newest first, a page at a time, and end under their own id', async () => {
    const s = await stage()
    await using _ = s.b
    const begun = Array.from({ length: 60 }, (_, at) => call(`call-${at}`, { startedAt: 1000 + at }))
    for (let at = 0; at < 60; at += 20) await s.calls.report(s.replId, begun.slice(at, at + 20))
    await s.calls.report(s.replId, [call('call-59', { startedAt: 1059, endedAt: 2000, ok: true })])
    const first = await s.agents.calls(s.ada, s.replId)
    expect(first.hasMore).toBe(true)
    expect(first.calls.slice(0, 2)).toMatchObject([{ id: 'call-59', ok: true }, { id: 'call-58' }])
    const rest = await s.agents.calls(s.ada, s.replId, first.calls.at(-1)?.id)
    expect(rest.calls.map(({ id }) => id)).toEqual(Array.from({ length: 10 }, (_, at) => `call-${9 - at}`))
    expect(rest.hasMore).toBe(false)
  })

  test('the audit log has who, what and how it ended, and nothing of what was in it', async () => {
    const s = await stage()
    await using _ = s.b
    const { startedAt } = call('1')
    await s.calls.report(s.replId, [call('1'), call('1', { startedAt, endedAt: startedAt + 12, ok: false })])
    const audit = s.lines.filter((line) => line.includes('agent call'))
    expect(audit).toHaveLength(1)
    expect(audit[0]).toMatch(/tool=exec ok=false ms=12 run=r/)
    expect(s.lines.join('\n')).not.toContain('very-secret')
  })

  test('are bounded', async () => {
    const s = await stage()
    await using _ = s.b
    const rounds = 100
    for (let round = 0; round < rounds; round++) {
      await s.calls.report(
        s.replId,
        Array.from({ length: 20 }, (_, at) => call(`${round}-${at}`, { startedAt: round * 100 + at })),
      )
    }
    let count = 0
    let cursor: string | undefined
    do {
      const page = await s.b.stateStore.list('agent-call:', { limit: 1000, ...(cursor !== undefined && { cursor }) })
      count += page.records.length
      cursor = page.cursor
    } while (cursor !== undefined)
    expect(count).toBe(MAX_CALLS_PER_REPL)
  })

  test('a watcher hears of calls and of connections', async () => {
    const s = await stage()
    await using _ = s.b
    const events = s.agents.watch(s.ada, s.replId, AbortSignal.timeout(10_000))[Symbol.asyncIterator]()
    expect((await events.next()).value).toEqual({ kind: 'connections' })
    await s.calls.report(s.replId, [call('1')])
    expect((await events.next()).value).toMatchObject({ kind: 'calls', calls: [{ id: '1' }] })
    await tokenFor(s, s.ada)
    expect((await events.next()).value).toEqual({ kind: 'connections' })
    await events.return?.(undefined)
  })

  test('a run without a checkpoint cannot be undone, and it says where else to look', async () => {
    const s = await stage()
    await using _ = s.b
    await s.calls.report(s.replId, [call('1')])
    await expect(s.agents.undoRun(s.ada, s.replId, 'r')).rejects.toMatchObject({ code: 'not_found' })
    await s.calls.report(s.replId, [call('2', { checkpoint: 'snapshot' })])
    await expect(s.agents.undoRun(s.ada, s.replId, 'r')).rejects.toMatchObject({ code: 'not_supported' })
  })
})
