import { expect, onTestFinished, test, vi } from 'vitest'
import type { AgentConnection } from '#protocol/agents.ts'
import { FakeAgents, agentCall, runningCall } from './_fake-agents.ts'
import { Agents } from './agents.ts'
import { RECONNECT_MAX_MS } from './limits.ts'

const CONNECTION: AgentConnection = {
  id: 'c1',
  kind: 'oauth',
  client: 'Codex',
  actor: 'Ada',
  scopes: [],
  createdAt: 0,
}

function idsOf(agents: Agents): string[] {
  const state = agents.state.getSnapshot()
  return state.kind === 'ready' ? state.calls.map(({ id }) => id) : [state.kind]
}

async function loaded(api: FakeAgents): Promise<Agents> {
  const agents = new Agents(api)
  agents.watch()
  await agents.refresh()
  return agents
}

test('a call that begins and ends while somebody looks is one line, and the newest is first', async () => {
  const api = new FakeAgents()
  const agents = await loaded(api)
  api.listeners?.called([runningCall('1')])
  api.listeners?.called([agentCall('2'), agentCall('1', { summary: 'done' })])
  expect(idsOf(agents)).toEqual(['2', '1'])
  expect(agents.state.getSnapshot()).toMatchObject({ calls: [{}, { summary: 'done' }] })
})

test('earlier calls come below, each once', async () => {
  const api = new FakeAgents()
  api.pages = [
    [agentCall('4'), agentCall('3')],
    [agentCall('2'), agentCall('1')],
  ]
  const agents = await loaded(api)
  expect(agents.state.getSnapshot()).toMatchObject({ hasMore: true })
  await agents.older()
  expect(idsOf(agents)).toEqual(['4', '3', '2', '1'])
  expect(agents.state.getSnapshot()).toMatchObject({ hasMore: false })
  await agents.refresh()
  expect(idsOf(agents)).toEqual(['4', '3', '2', '1'])
})

test('an agent that is cut off is gone from the list at once; one that cannot be stays', async () => {
  const api = new FakeAgents()
  api.all = [CONNECTION]
  const agents = await loaded(api)
  api.failure = new Error('out of reach')
  await expect(agents.cut('c1')).rejects.toThrow('out of reach')
  expect(agents.state.getSnapshot()).toMatchObject({ connections: [{ id: 'c1' }] })
  api.failure = undefined
  await agents.cut('c1')
  expect(agents.state.getSnapshot()).toMatchObject({ connections: [] })
  expect(agents.busy.getSnapshot()).toBeUndefined()
})

test('a list that cannot be had says why; one that is there stays', async () => {
  const api = new FakeAgents()
  api.failure = new Error('out of reach')
  const agents = await loaded(api)
  expect(agents.state.getSnapshot()).toMatchObject({ kind: 'failed', error: { message: 'out of reach' } })
  api.failure = undefined
  await agents.refresh()
  api.failure = new Error('out of reach')
  await agents.refresh()
  expect(agents.state.getSnapshot()).toMatchObject({ kind: 'ready' })
})

test('it is followed only while somebody looks', async () => {
  const api = new FakeAgents()
  const agents = new Agents(api)
  const first = agents.watch()
  const second = agents.watch()
  first()
  expect(api.listeners).toBeDefined()
  second()
  expect(api.listeners).toBeUndefined()
})

test('a watch that fails is begun anew with what came meanwhile; one that is refused is not, nor one that nobody wants any more', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const api = new FakeAgents()
  const agents = new Agents(api)
  const unwatch = agents.watch()
  await agents.refresh()
  const end = (code: 'unavailable' | 'forbidden') => {
    const { listeners } = api
    api.listeners = undefined
    listeners?.ended({ code, message: code })
  }
  end('unavailable')
  api.pages = [[agentCall('1')]]
  await vi.advanceTimersByTimeAsync(RECONNECT_MAX_MS * 2)
  expect(idsOf(agents)).toEqual(['1'])
  api.listeners?.called([runningCall('2')])
  expect(idsOf(agents)).toEqual(['2', '1'])
  end('unavailable')
  unwatch()
  await vi.advanceTimersByTimeAsync(RECONNECT_MAX_MS * 2)
  expect(api.listeners).toBeUndefined()
  agents.watch()
  end('forbidden')
  await vi.advanceTimersByTimeAsync(RECONNECT_MAX_MS * 2)
  expect(api.listeners).toBeUndefined()
})
