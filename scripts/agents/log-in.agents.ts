import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startPerson } from './_person.ts'
import { startProduct } from './_product.ts'
import { makeAgentHome } from './agent-home.ts'
import { ask } from './agents.ts'
import { startFakeModel } from './fake-model.ts'
import { logIn } from './log-in.ts'
import type { Person } from './_person.ts'
import type { Product } from './_product.ts'
import type { AgentHome } from './agent-home.ts'
import type { FakeModel } from './fake-model.ts'

/** Agents that sign in by OAuth, in their maker's own words. */

const SERVER = 'devex-probe'
const STEP = { tool: 'exec', args: { command: 'echo "= $((42 * 42))"' } }

let product: Product
let model: FakeModel
let person: Person
beforeAll(async () => {
  product = await startProduct()
  model = await startFakeModel()
  person = await startPerson(product.client)
})
afterEach(() => product.cutAll())
afterAll(async () => {
  await person[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
  await product[Symbol.asyncDispose]()
})

/** Each agent's way in, as the page says it. */
const LOG_IN = {
  claude: `claude mcp login ${SERVER} --no-browser`,
  codex: `codex mcp login ${SERVER} --oauth-client-registration dcr`,
} as const
type Signer = keyof typeof LOG_IN

async function added(agent: Signer): Promise<AgentHome> {
  const home = await makeAgentHome(model.url)
  if (agent === 'claude') await home.sh(`claude mcp add --transport http ${SERVER} ${product.url}`)
  // Its own way to add a server would sign in at once.
  else await appendFile(join(home.folder, '.codex', 'config.toml'), `[mcp_servers.${SERVER}]\nurl = "${product.url}"\n`)
  return home
}

async function answerTo(home: AgentHome, agent: Signer): Promise<string> {
  model.heard.length = 0
  const { output } = await ask(home, agent, { server: SERVER, steps: [STEP] })
  return model.heard.at(-1)?.results.join('\n') ?? output
}

test.each(['claude', 'codex'] as const)('%s signs in and works', async (agent) => {
  await using home = await added(agent)
  await logIn(home, LOG_IN[agent], (url) => person.letIn(url))
  expect(await answerTo(home, agent)).toContain('= 1764')
})

test('claude: an access token that has ended is renewed, unseen', async () => {
  await using home = await added('claude')
  await logIn(home, LOG_IN.claude, (url) => person.letIn(url))
  await endAccess(home)
  expect(await answerTo(home, 'claude')).toContain('= 1764')
})

test.each(['claude', 'codex'] as const)('%s, cut off, is out until it signs in again', async (agent) => {
  await using home = await added(agent)
  await logIn(home, LOG_IN[agent], (url) => person.letIn(url))
  expect(await answerTo(home, agent)).toContain('= 1764')
  await product.cutAll()
  expect(await answerTo(home, agent)).not.toContain('= 1764')
  await logIn(home, LOG_IN[agent], (url) => person.letIn(url))
  expect(await answerTo(home, agent)).toContain('= 1764')
})

test('claude, let in to read only, may run commands after it asked for more', async () => {
  await using home = await added('claude')
  await logIn(home, LOG_IN.claude, (url) => person.letIn(url, ['Run']))
  expect(await answerTo(home, 'claude')).not.toContain('= 1764')
  await logIn(home, LOG_IN.claude, (url) => person.letIn(url))
  expect(await answerTo(home, 'claude')).toContain('= 1764')
})

/** As time would: what the agent holds is no longer good, but for what renews it. */
async function endAccess(home: AgentHome): Promise<void> {
  const file = join(home.folder, '.claude', '.credentials.json')
  const ended = (await readFile(file, 'utf8'))
    .replace(/"accessToken":"[^"]*"/, '"accessToken":"ended"')
    .replace(/"expiresAt":\d+/, '"expiresAt":1')
  await writeFile(file, ended)
}
