import { expect, test } from 'vitest'
import { startFakeModel } from './fake-model.ts'
import { nextMove, promptFor } from './script.ts'

const hasLookedUp = false
const server = 'devex'
const steps = [
  { server, tool: 'exec', args: { command: 'true' } },
  { server, tool: 'read_file', args: { path: 'a' } },
]
const tools = ['Bash', 'mcp__devex__exec', 'mcp__devex__read_file']

test('the model asks for what the prompt says, one call after the other, then ends', () => {
  const said = `"${promptFor(steps)}"`
  const moves = [[], ['1'], ['1', '2']].map((results) => nextMove({ said, tools, results, hasLookedUp }))
  expect(moves).toEqual([
    { kind: 'call', name: 'mcp__devex__exec', args: { command: 'true' }, step: 0 },
    { kind: 'call', name: 'mcp__devex__read_file', args: { path: 'a' }, step: 1 },
    { kind: 'say', text: 'FINAL: done' },
  ])
})

test('a handle that a tool made up is used by the next call', () => {
  const said = promptFor([
    steps[0] ?? { server, tool: 'exec' },
    { server, tool: 'exec', args: { process_id: '{process_id}' } },
  ])
  const results = ['[running · process_id p_0123456789abcdef · 10.0 s]']
  expect(nextMove({ said, tools, results, hasLookedUp })).toMatchObject({ args: { process_id: 'p_0123456789abcdef' } })
})

test('a tool that is hidden is looked up; one that is not there is said to be missing', () => {
  const said = promptFor(steps)
  expect(nextMove({ said, tools: ['ToolSearch'], results: [], hasLookedUp })).toMatchObject({ kind: 'look-up' })
  expect(nextMove({ said, tools: ['ToolSearch'], results: [], hasLookedUp: true })).toMatchObject({
    text: expect.stringContaining('MISSING'),
  })
})

const REQUESTS = {
  '/v1/messages': {
    tools: tools.map((name) => ({ name })),
    messages: [
      { role: 'user', content: [{ type: 'text', text: promptFor(steps) }] },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_call_0', name: 'x', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_call_0', content: 'one' }] },
    ],
  },
  '/v1/responses': {
    tools: [{ type: 'namespace', name: 'mcp__devex', tools: [{ name: 'exec' }, { name: 'read_file' }] }],
    input: [
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: promptFor(steps) }] },
      { type: 'function_call_output', call_id: 'call_0', output: 'one' },
    ],
  },
  '/v1/chat/completions': {
    tools: tools.map((name) => ({ type: 'function', function: { name } })),
    messages: [
      { role: 'user', content: promptFor(steps) },
      { role: 'assistant', content: null },
      { role: 'tool', content: 'one' },
    ],
  },
  '/v1beta/models/m:streamGenerateContent?alt=sse': {
    tools: [{ functionDeclarations: tools.map((name) => ({ name })) }],
    contents: [
      { role: 'user', parts: [{ text: promptFor(steps) }] },
      { role: 'user', parts: [{ functionResponse: { response: { output: 'one' } } }] },
    ],
  },
}

test.each(Object.entries(REQUESTS))('%s hears the results and asks for the next call', async (path, body) => {
  await using model = await startFakeModel()
  const answer = await fetch(`${model.url}${path}`, { method: 'POST', body: JSON.stringify(body) })
  expect(answer.status).toBe(200)
  expect(await answer.text()).toMatch(/"name":"(mcp__devex__)?read_file"/)
  expect(model.heard).toEqual([expect.objectContaining({ results: [expect.stringContaining('one')] })])
})
