import { expect, test } from 'vitest'
import { FakeHistory } from './_fake-history.ts'
import { History } from './history.ts'

test('a checkpoint stands in the list at once', async () => {
  const history = new History(new FakeHistory())
  await history.refresh()
  expect(history.state.getSnapshot()).toEqual({ kind: 'ready', snapshots: [] })
  await history.checkpoint('mine')
  expect(history.state.getSnapshot()).toMatchObject({ snapshots: [{ name: 'mine' }] })
})

test('a list that cannot be had says why; one that is there stays', async () => {
  const api = new FakeHistory()
  const history = new History(api)
  api.failure = new Error('out of reach')
  await history.refresh()
  expect(history.state.getSnapshot()).toMatchObject({ kind: 'failed', error: { message: 'out of reach' } })
  api.failure = undefined
  await history.checkpoint('mine')
  api.failure = new Error('out of reach')
  await history.refresh()
  expect(history.state.getSnapshot()).toMatchObject({ kind: 'ready' })
})

test('opening a snapshot asks what changed since; opening it again closes it', async () => {
  const history = new History(new FakeHistory())
  await history.look('s1')
  expect(history.open.getSnapshot()).toEqual({ id: 's1', changes: { kind: 'ready', differences: [], isCut: false } })
  history.toggle('s1')
  expect(history.open.getSnapshot()).toBeUndefined()
})

test('the answer for a snapshot that was closed meanwhile is dropped', async () => {
  const history = new History(new FakeHistory())
  const first = history.look('s1')
  const second = history.look('s2')
  await Promise.all([first, second])
  expect(history.open.getSnapshot()?.id).toBe('s2')
})

test('nothing stays busy after a failure', async () => {
  const api = new FakeHistory()
  const history = new History(api)
  api.failure = new Error('no')
  await expect(history.restore('s1')).rejects.toThrow('no')
  expect(history.busy.getSnapshot()).toBeUndefined()
})

test('what is forgotten stays in the list, marked, until it is recalled or removed for good', async () => {
  const api = new FakeHistory()
  const history = new History(api)
  const { id } = await history.checkpoint('mine')
  const listed = () => {
    const state = history.state.getSnapshot()
    return state.kind === 'ready' ? state.snapshots : []
  }
  await history.forget(id)
  expect(listed()).toMatchObject([{ id, forgottenAt: 1 }])
  await history.recall(id)
  expect(listed()[0]).not.toHaveProperty('forgottenAt')
  await history.remove(id)
  expect(listed()).toEqual([])
})
