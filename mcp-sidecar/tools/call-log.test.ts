import { expect, test } from 'vitest'
import type { AgentCall } from '#protocol/agents.ts'
import { newId } from '#protocol/ids.ts'
import { CallLog, describeArguments, redact } from './call-log.ts'

test('what is typed into a process is not told: it may be a password', () => {
  expect(describeArguments('process_input', { process_id: 'p_1', text: 'hunter2' })).toBe(
    '{"process_id":"p_1","text":"[7 characters]"}',
  )
  expect(describeArguments('exec', { command: 'echo text', stdin: 'hunter2' })).toBe(
    '{"command":"echo text","stdin":"[left out]"}',
  )
})

test('secrets are left out of what a call came to and of the files that it changed', async () => {
  const told: AgentCall[] = []
  const log = new CallLog({
    report: async (calls) => void told.push(...calls),
    onFailure: () => expect.unreachable(),
  })
  log.tell({
    id: newId(),
    connection: 'c1',
    actor: 'Ada',
    client: 'Test agent',
    tool: 'write_file',
    args: describeArguments('write_file', { path: '.env', content: 'DB_PASSWORD="a b"' }),
    startedAt: 1,
    run: newId(),
    summary: JSON.stringify({ line: 'DB_PASSWORD="a b" and more', key: 'sk-0123456789' }),
    diff: '+++ .env\n+DB_PASSWORD=hunter2\n+PORT=3000\n',
  })
  await log[Symbol.asyncDispose]()
  expect(told).toMatchObject([
    {
      args: '{"path":".env","content":"DB_PASSWORD=[left out]"}',
      summary: String.raw`{"line":"DB_PASSWORD=[left out] and more","key":"[left out]"}`,
      diff: '+++ .env\n+DB_PASSWORD=[left out]\n+PORT=3000\n',
    },
  ])
})

test("values of the REPL's variables are left out, as they are and as JSON; short ones are in every text", async () => {
  const told: AgentCall[] = []
  const log = new CallLog({
    report: async (calls) => void told.push(...calls),
    onFailure: () => expect.unreachable(),
    secrets: () => ['correct "horse"', 'correct "horse" battery', 'true'],
  })
  log.tell({
    id: newId(),
    connection: 'c1',
    actor: 'Ada',
    client: 'Test agent',
    tool: 'exec',
    args: describeArguments('exec', { command: `echo 'correct "horse" battery' true` }),
    startedAt: 1,
    run: newId(),
    summary: 'it said: correct "horse"!',
  })
  await log[Symbol.asyncDispose]()
  expect(told).toMatchObject([{ args: `{"command":"echo '[left out]' true"}`, summary: 'it said: [left out]!' }])
})

test.each(['ghp_', 'github_pat_', 'devex_pat_', 'sk-', 'xoxb-'])(
  'a token that begins with %s is known by its look',
  (start) => {
    expect(redact(`curl -u x:${start}0123456789abcdef https://example.org`)).toBe(
      'curl -u x:[left out] https://example.org',
    )
  },
)
