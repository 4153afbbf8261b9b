import { expect, test } from 'vitest'
import type { RunState } from '#protocol/messages.ts'
import { Preview } from './preview.ts'
import { Store } from './store.ts'

/** A preview whose tickets come when, and if, the test says so. */
function bench() {
  const tickets = new Map<number, PromiseWithResolvers<string>>()
  const preview = new Preview({ state: new Store<RunState | undefined>(undefined) }, (port) => {
    const ticket = Promise.withResolvers<string>()
    tickets.set(port, ticket)
    return ticket.promise
  })
  const urlOf = (port: number) => `http://${port}-r.localhost/`
  return {
    preview,
    answer: (port: number) => tickets.get(port)?.resolve(urlOf(port)),
    refuse: (port: number) => tickets.get(port)?.reject(new Error('refused')),
  }
}

test('the port that was asked for last is shown, though its answer came first', async () => {
  const { preview, answer } = bench()
  const opened = [preview.open(3000), preview.open(5173)]
  answer(5173)
  answer(3000)
  await Promise.all(opened)
  expect(preview.state.getSnapshot()).toMatchObject({ kind: 'shown', port: 5173 })
})

test('a failure of what is not asked for any more does not hide what is shown', async () => {
  const { preview, answer, refuse } = bench()
  const opened = [preview.open(3000), preview.open(5173)]
  answer(5173)
  refuse(3000)
  await Promise.all(opened)
  expect(preview.state.getSnapshot()).toMatchObject({ kind: 'shown', port: 5173 })
})

test('what was closed while it opened stays closed', async () => {
  const { preview, answer } = bench()
  const opened = preview.open(3000)
  preview.close()
  answer(3000)
  await opened
  expect(preview.state.getSnapshot()).toEqual({ kind: 'none' })
})

test('a path is gone to with the ticket, in one load', async () => {
  const { preview, answer } = bench()
  const opened = preview.open(3000, '/a?b=c#d')
  answer(3000)
  await opened
  expect(preview.state.getSnapshot()).toMatchObject({
    path: '/a?b=c#d',
    src: 'http://3000-r.localhost/?to=%2Fa%3Fb%3Dc%23d',
    visit: 1,
  })
})
