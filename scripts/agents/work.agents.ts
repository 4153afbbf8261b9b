import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onDisk } from '../../app/_e2e/_workbench.ts'
import { clientsFor } from '#components/ide/agents/clients.ts'
import { startProduct } from './_product.ts'
import { makeAgentHome } from './agent-home.ts'
import { AGENTS, ask } from './agents.ts'
import { startFakeModel } from './fake-model.ts'
import type { Product } from './_product.ts'
import type { AgentHome } from './agent-home.ts'
import type { AgentId } from './agents.ts'
import type { FakeModel } from './fake-model.ts'

/** Agents at work in a REPL, let in by a token. */

const SERVER = 'devex-probe'
const LONG_LIMIT_MS = 180_000
/** What the model may be shown of one result: 30,000 characters and what stands around them. */
const MAX_SHOWN_CHARS = 40_000

let product: Product
let model: FakeModel
beforeAll(async () => {
  product = await startProduct()
  model = await startFakeModel()
})
afterAll(async () => {
  await model[Symbol.asyncDispose]()
  await product[Symbol.asyncDispose]()
})

async function home(agent: AgentId): Promise<AgentHome> {
  const made = await makeAgentHome(model.url, { DEVEX_TOKEN: await product.token() })
  const [step] = clientsFor(SERVER, product.url).find(({ id }) => id === agent)?.withToken ?? []
  await made.sh(step?.code ?? 'false')
  model.heard.length = 0
  return made
}

const results = () => model.heard.at(-1)?.results ?? []

describe.each(AGENTS)('%s', (agent) => {
  test('runs a command, writes and reads a file', async () => {
    await using own = await home(agent)
    await ask(own, agent, {
      server: SERVER,
      steps: [
        { tool: 'exec', args: { command: 'echo "= $((42 * 42))"' } },
        { tool: 'write_file', args: { path: `${agent}.txt`, content: `by ${agent}\n` } },
        { tool: 'read_file', args: { path: `${agent}.txt` } },
      ],
    })
    expect(results()).toEqual([
      expect.stringMatching(/= 1764.*exit 0/s),
      expect.stringContaining(`${agent}.txt`),
      expect.stringContaining(`by ${agent}`),
    ])
    expect(await onDisk(product.line, `${agent}.txt`)).toBe(`by ${agent}\n`)
  })

  test('gets 60,000 characters cut short, with a way to the rest', async () => {
    await using own = await home(agent)
    const command = 'for n in $(seq 1 6000); do printf "line %04d\\n" $n; done'
    const rest = { process_id: '{process_id}', cursor: '{cursor}', max_output_chars: 10_000 }
    await ask(own, agent, {
      server: SERVER,
      steps: [
        { tool: 'exec', args: { command } },
        { tool: 'process_output', args: rest },
      ],
    })
    const [shown = '', more = ''] = results()
    expect(shown.length).toBeLessThan(MAX_SHOWN_CHARS)
    expect(shown).toContain('line 0001')
    // Codex cuts the middle once more, opencode the end, and keeps the whole itself.
    expect(shown).toMatch(/line 6000|Full output saved to/)
    expect(shown).toMatch(/process_output with process_id p_\w+ and cursor \d+/)
    // The head ends after 12,000 characters.
    expect(shown).not.toContain('line 1250')
    expect(more).toContain('line 1250')
  })

  test('sees a command of 75 seconds through', { timeout: LONG_LIMIT_MS + 30_000 }, async () => {
    await using own = await home(agent)
    await ask(own, agent, {
      server: SERVER,
      limitMs: LONG_LIMIT_MS,
      steps: [{ tool: 'exec', args: { command: 'sleep 75; echo slept-$((70 + 5))', yield_ms: 120_000 } }],
    })
    expect(results()).toEqual([expect.stringContaining('slept-75')])
  })

  test('ends what it ran when a person ends it', async () => {
    await using own = await home(agent)
    const command = `sleep 3${AGENTS.indexOf(agent)}11`
    const abort = new AbortController()
    const asked = ask(own, agent, {
      server: SERVER,
      signal: abort.signal,
      steps: [{ tool: 'exec', args: { command, yield_ms: 45_000 } }],
    })
    const isThere = async () => (await product.commands()).some((each) => each.includes(command))
    await expect.poll(isThere, { timeout: 30_000 }).toBe(true)
    abort.abort()
    await asked
    await expect.poll(isThere, { timeout: 20_000 }).toBe(false)
  })
})

test('an agent with a reading token is shown no tool that writes', async () => {
  await using own = await makeAgentHome(model.url, { DEVEX_TOKEN: await product.token(['repl:read']) })
  const [step] = clientsFor(SERVER, product.url).find(({ id }) => id === 'codex')?.withToken ?? []
  await own.sh(step?.code ?? 'false')
  await ask(own, 'codex', { server: SERVER, steps: [{ tool: 'read_file', args: { path: 'README.md' } }] })
  const offered = model.heard.at(-1)?.tools.filter((name) => name.includes('devex')) ?? []
  expect(offered.some((name) => name.endsWith('read_file'))).toBe(true)
  expect(offered.filter((name) => /write_file|edit_file|apply_patch|exec|delete_path/.test(name))).toEqual([])
})
