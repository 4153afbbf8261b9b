import { expect, test } from 'vitest'
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
