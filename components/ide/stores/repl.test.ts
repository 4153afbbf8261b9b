import { expect, test, vi } from 'vitest'
import type { ErrorCode } from '#protocol/errors.ts'
import type { ReplView } from '#server/repls/views.ts'
import { FakeApi, replView } from './_repl-view.ts'
import { Repl } from './repl.ts'

test('an answer that is older than what was told meanwhile does not undo it', async () => {
  const asleep = replView({ kind: 'stopped' })
  const api = new FakeApi(replView({ kind: 'running', since: 0 }))
  const repl = new Repl(api.view, api, () => undefined)
  repl.open()
  const { promise, resolve } = Promise.withResolvers<ReplView>()
  api.get = () => promise
  const refreshed = repl.refresh()
  // It slept when it was asked for; it runs again before the answer is here.
  api.push(asleep)
  api.push(replView({ kind: 'running', since: 1 }, { generation: 2 }))
  resolve(asleep)
  await refreshed
  expect(repl.state.getSnapshot().view).toMatchObject({ state: { kind: 'running' }, generation: 2 })
  repl.close()
})

test('an answer counts where nothing was told meanwhile', async () => {
  const api = new FakeApi(replView({ kind: 'running', since: 0 }))
  const repl = new Repl(api.view, api, () => undefined)
  repl.open()
  await repl.stop()
  expect(repl.state.getSnapshot().view.state.kind).toBe('stopping')
  repl.close()
})

test.each<ErrorCode>(['unavailable', 'internal', 'rate_limited'])(
  'a watch that ends as %s is begun again, and nobody is shut out',
  async (code) => {
    const api = new FakeApi(replView({ kind: 'running', since: 0 }))
    const repl = new Repl(api.view, api, () => undefined)
    repl.open()
    api.listeners?.ended({ code, message: 'The state store does not answer.' })
    expect(repl.state.getSnapshot().access).toBe('granted')
    await expect.poll(() => api.watches).toBe(2)
    api.push(replView({ kind: 'running', since: 1 }, { name: 'after' }))
    expect(repl.state.getSnapshot().view.name).toBe('after')
    repl.close()
  },
)

test.each<[ErrorCode, string]>([
  ['forbidden', 'removed'],
  ['not_found', 'removed'],
  ['gone', 'removed'],
  ['unauthenticated', 'signed-out'],
])('a watch that ends as %s shuts out: %s', (code, access) => {
  const api = new FakeApi(replView({ kind: 'running', since: 0 }))
  const repl = new Repl(api.view, api, () => undefined)
  repl.open()
  api.listeners?.ended({ code, message: 'No.' })
  expect(repl.state.getSnapshot().access).toBe(access)
  repl.close()
})

test('a page that lets go does not watch again', () => {
  vi.useFakeTimers()
  const api = new FakeApi(replView({ kind: 'running', since: 0 }))
  const repl = new Repl(api.view, api, () => undefined)
  repl.open()
  api.listeners?.ended({ code: 'unavailable', message: 'The state store does not answer.' })
  repl.close()
  vi.runAllTimers()
  vi.useRealTimers()
  expect(api.watches).toBe(1)
})
