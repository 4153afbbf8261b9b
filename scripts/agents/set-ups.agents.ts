import { expect, test } from 'vitest'
import { clientsFor } from '#components/ide/agents/clients.ts'
import { startStandIn } from './_stand-in.ts'
import { makeAgentHome } from './agent-home.ts'
import { AGENTS, ask } from './agents.ts'
import { startFakeModel } from './fake-model.ts'
import type { AgentId } from './agents.ts'

const SERVER = 'devex-probe'
const STEPS = [
  { tool: 'exec', args: { command: 'echo one' } },
  { tool: 'exec', args: { command: 'echo two' } },
]

/** What the page says to run, for a program. */
function setUp(agent: AgentId, url: string, how: 'steps' | 'withToken'): string {
  const [step] = clientsFor(SERVER, url).find(({ id }) => id === agent)?.[how] ?? []
  if (step === undefined) throw new Error(`the page has no set-up for ${agent}`)
  return step.code
}

test.each(AGENTS)('%s, set up as the page says, calls tools', async (agent) => {
  await using server = await startStandIn()
  await using model = await startFakeModel()
  await using home = await makeAgentHome(model.url)
  await home.sh(setUp(agent, server.url, 'steps'))
  await ask(home, agent, { server: SERVER, steps: STEPS })
  expect(model.heard.at(-1)?.results).toEqual([
    expect.stringContaining('ran echo one'),
    expect.stringContaining('ran echo two'),
  ])
})

test.each(AGENTS)('%s, set up with a token as the page says, sends it', async (agent) => {
  await using server = await startStandIn()
  await using model = await startFakeModel()
  await using home = await makeAgentHome(model.url, { DEVEX_TOKEN: 'pat_probe' })
  await home.sh(setUp(agent, server.url, 'withToken'))
  await ask(home, agent, { server: SERVER, steps: STEPS })
  expect(server.tokens).toEqual(['Bearer pat_probe', 'Bearer pat_probe'])
})
