import { expect, test } from 'vitest'
import { agentCall, runningCall } from '../stores/_fake-agents.ts'
import { clientsFor, serverName } from './clients.ts'
import { aboutOf, readableArgs, runsOf } from './runs.ts'

test('calls stand by run; a run with a snapshot of before can be undone', () => {
  const calls = [
    runningCall('4', { run: 'r2' }),
    agentCall('3', { run: 'r1' }),
    agentCall('2', { run: 'r1', checkpoint: 's1' }),
  ]
  expect(runsOf(calls)).toMatchObject([
    { id: 'r2', isRunning: true, startedAt: 4000 },
    { id: 'r1', isRunning: false, checkpoint: 's1', startedAt: 2000 },
  ])
})

test('a call is about its command, its path or what it looks for; arguments cut short are about nothing', () => {
  expect(aboutOf({ args: '{"command":"npm test\\nrm x"}' })).toBe('npm test')
  expect(aboutOf({ args: '{"path":"a.ts","old_string":"x"}' })).toBe('a.ts')
  expect(aboutOf({ args: '{"path":"a.ts","old_str…' })).toBe('')
  expect(readableArgs('{"path":"a')).toBe('{"path":"a')
})

test('a server’s name fits every agent’s rules, whatever the REPL is called', () => {
  expect(serverName('My App!')).toBe('devex-my-app')
  expect(serverName('日本')).toBe('devex')
  expect(serverName('a'.repeat(200))).toMatch(/^[a-z0-9-]{1,24}$/)
})

test('every program has a set-up with the address in it, signed in or with a token', () => {
  for (const { steps, withToken } of clientsFor('devex-x', 'https://host/r/x/mcp')) {
    expect(steps.map(({ code }) => code).join()).toContain('https://host/r/x/mcp')
    expect(withToken.map(({ code }) => code).join()).toMatch(/https:\/\/host\/r\/x\/mcp.*DEVEX_TOKEN/s)
  }
})
