import { appendFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { startPerson } from './_person.ts'
import { startProduct } from './_product.ts'
import { makeAgentHome } from './agent-home.ts'
import { ask } from './agents.ts'
import { startClaudeSession } from './claude-session.ts'
import { startFakeModel } from './fake-model.ts'
import { logIn } from './log-in.ts'
import type { Person } from './_person.ts'
import type { Product } from './_product.ts'
import type { AgentHome } from './agent-home.ts'
import type { FakeModel } from './fake-model.ts'

/** Agents that sign in by OAuth, in their maker's own words. */

const SERVER = 'devex-probe'
/** From the person's word to the session that uses it. */
const STEP_UP_LIMIT_MS = 20_000
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
  opencode: `opencode mcp auth ${SERVER}`,
} as const
type Signer = keyof typeof LOG_IN

async function added(agent: Signer, { url } = product): Promise<AgentHome> {
  const home = await makeAgentHome(model.url)
  if (agent === 'claude') await home.sh(`claude mcp add --transport http ${SERVER} ${url}`)
  else if (agent === 'opencode') await home.sh(`opencode mcp add ${SERVER} --url ${url}`)
  // Its own way to add a server would sign in at once.
  else await appendFile(join(home.folder, '.codex', 'config.toml'), `[mcp_servers.${SERVER}]\nurl = "${url}"\n`)
  return home
}

const lastResult = () => model.heard.at(-1)?.results.at(-1)

async function answerTo(home: AgentHome, agent: Signer): Promise<string> {
  model.heard.length = 0
  const { output } = await ask(home, agent, { server: SERVER, steps: [STEP] })
  return model.heard.at(-1)?.results.join('\n') ?? output
}

/** Lets it in; whether it came with the address of its maker's document for an id. */
async function signIn(home: AgentHome, agent: Signer, { person: who, without }: SignIn = { person }): Promise<boolean> {
  let clientId = ''
  await logIn(home, LOG_IN[agent], (url) => {
    clientId = new URL(url).searchParams.get('client_id') ?? ''
    return who.letIn(url, without)
  })
  expect(clientId).not.toBe('')
  return clientId.startsWith('https://')
}

interface SignIn {
  person: Person
  without?: readonly string[]
}

test('claude signs in with its maker’s document, and works', async () => {
  await using home = await added('claude')
  expect(await signIn(home, 'claude')).toBe(true)
  expect(await answerTo(home, 'claude')).toContain('= 1764')
})

test.each(['codex', 'opencode'] as const)('%s registers, signs in and works', async (agent) => {
  await using home = await added(agent)
  expect(await signIn(home, agent)).toBe(false)
  expect(await answerTo(home, agent)).toContain('= 1764')
})

test('claude registers where a server has no way to its maker’s document, signs in and works', async () => {
  await using closed = await startProduct({ CLIENT_DOCUMENTS: 'false' })
  await using inside = await startPerson(closed.client)
  await using home = await added('claude', closed)
  expect(await signIn(home, 'claude', { person: inside })).toBe(false)
  expect(await answerTo(home, 'claude')).toContain('= 1764')
})

test.each(['claude', 'codex'] as const)('%s: an access token that has ended is renewed, unseen', async (agent) => {
  await using home = await added(agent)
  await signIn(home, agent)
  await endAccess(home, agent)
  expect(await answerTo(home, agent)).toContain('= 1764')
})

test.each(['claude', 'codex'] as const)('%s, cut off, is out until it signs in again', async (agent) => {
  await using home = await added(agent)
  await signIn(home, agent)
  expect(await answerTo(home, agent)).toContain('= 1764')
  await product.cutAll()
  expect(await answerTo(home, agent)).not.toContain('= 1764')
  await signIn(home, agent)
  expect(await answerTo(home, agent)).toContain('= 1764')
})

test('claude, let in to read only, may run commands after it asked for more', async () => {
  await using home = await added('claude')
  await signIn(home, 'claude', { person, without: ['Run'] })
  expect(await answerTo(home, 'claude')).not.toContain('= 1764')
  await signIn(home, 'claude')
  expect(await answerTo(home, 'claude')).toContain('= 1764')
})

test('claude, given less meanwhile, is told which right it lacks, asks for that, and goes on in the same session', async () => {
  await using home = await added('claude')
  await signIn(home, 'claude')
  await using session = startClaudeSession(home, SERVER)
  const id = await session.ask({ ...STEP, server: SERVER })
  expect(lastResult()).toContain('= 1764')
  await signIn(home, 'claude', { person, without: ['Run'] })
  await session.ask({ server: SERVER, tool: 'exec', args: { command: 'echo less' } })
  expect(lastResult()).toContain('needs additional permissions (scope: "repl:exec")')
  await person.letIn(await session.authenticate(SERVER))
  let attempt = 0
  const tryAgain = async () => {
    attempt += 1
    expect(await session.ask({ server: SERVER, tool: 'exec', args: { command: `echo again ${attempt}` } })).toBe(id)
    return lastResult()
  }
  await expect.poll(tryAgain, { timeout: STEP_UP_LIMIT_MS }).toMatch(/again \d+\D+exit 0/)
})

/** Where agents keep what they were given. */
const KEPT = {
  claude: '.claude/.credentials.json',
  codex: '.codex/.credentials.json',
} as const

/** As time would: what the agent holds is no longer good, but for what renews it. */
async function endAccess(home: AgentHome, agent: keyof typeof KEPT): Promise<void> {
  const file = join(home.folder, KEPT[agent])
  const kept = await readFile(file, 'utf8')
  const ended = kept
    .replace(/("accessToken"|"access_token"):"[^"]*"/, '$1:"ended"')
    .replace(/("expiresAt"|"expires_at"):\d+/, '$1:1')
  expect(ended).not.toBe(kept)
  await writeFile(file, ended)
}
