import { expect, test } from 'vitest'
import type { AgentClaims } from '#protocol/claims.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { Runs } from './runs.ts'

const CALLER: AgentClaims = {
  aud: 'mcp',
  sub: newId(),
  repl: newId(),
  sandbox: newSandboxId(),
  generation: 1,
  scopes: [],
  actor: 'Ada',
  client: 'Test agent',
  connection: 'c1',
  exp: 1,
}
const LIMIT_MS = 5

test('a change waits for its checkpoint for a limited time, its run not again, and what comes later is not for undoing', async () => {
  const asked: string[] = []
  const { promise, resolve } = Promise.withResolvers<{ id: string }>()
  const checkpoint = async ({ reason }: { reason: string }) => {
    asked.push(reason)
    return { ...(await promise), savedAt: 1, reason, files: 1, bytes: 1 }
  }
  const runs = new Runs({ checkpoint }, () => expect.unreachable(), { limitMs: LIMIT_MS })
  const run = runs.enter(CALLER)
  await expect(runs.beforeChange(run, CALLER)).resolves.toBeUndefined()
  resolve({ id: 'late' })
  await expect(runs.beforeChange(runs.enter(CALLER), CALLER)).resolves.toBeUndefined()
  expect(asked).toEqual(['before-agent'])
})

test('a checkpoint that fails at once is asked for again before the next change', async () => {
  const failures: unknown[] = []
  let asked = 0
  const checkpoint = async ({ reason }: { reason: string }) => {
    asked += 1
    if (asked === 1) throw new Error('no control plane')
    return { id: 'second', savedAt: 1, reason, files: 1, bytes: 1 }
  }
  const runs = new Runs({ checkpoint }, (_, error) => failures.push(error))
  const run = runs.enter(CALLER)
  await expect(runs.beforeChange(run, CALLER)).resolves.toBeUndefined()
  await expect(runs.beforeChange(run, CALLER)).resolves.toBe('second')
  expect(failures).toMatchObject([{ message: 'no control plane' }])
})
