import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ConnectionsAhead } from '#server/workspaces/connections-ahead.ts'

const callers: Socket[] = []
/** Our ends of all connections. */
const made: Socket[] = []
const server = createServer((caller) => {
  caller.on('error', () => undefined)
  callers.push(caller)
})
let port = 0
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (typeof address === 'object' && address !== null) ({ port } = address)
})
afterAll(() => {
  for (const socket of [...callers, ...made]) socket.destroy()
  server.close()
})

async function dial(): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  made.push(socket)
  await once(socket, 'connect')
  return socket
}

beforeEach(() => {
  for (const socket of made.splice(0)) socket.destroy()
})

test('a connection made ahead serves one call; the next one gets its own', async () => {
  const connections = new ConnectionsAhead(dial)
  await connections.make('a')
  await connections.make('a')
  expect(made).toHaveLength(1)
  const first = await connections.take('a')
  const second = await connections.take('a')
  const other = await connections.take('b')
  expect([first, second, other]).toEqual(made)
})

test('one that was lost meanwhile is not handed out', async () => {
  const connections = new ConnectionsAhead(dial)
  await connections.make('a')
  const [lost] = made
  callers.at(-1)?.resetAndDestroy()
  await new Promise((resolve) => lost?.once('close', resolve))
  const taken = await connections.take('a')
  expect(taken).toBe(made[1])
})

test('of two that are asked for at once, none is left over', async () => {
  const connections = new ConnectionsAhead(dial)
  await Promise.all([connections.make('a'), connections.make('a')])
  const taken = await connections.take('a')
  const others = made.filter((socket) => socket !== taken)
  expect(others.map(({ destroyed }) => destroyed)).toEqual([true])
})

test('where nothing can be reached, that is told, and the next call tries for itself', async () => {
  let isThere = false
  const connections = new ConnectionsAhead(async () => {
    if (!isThere) throw new Error('nobody there')
    return await dial()
  })
  await expect(connections.make('a')).rejects.toThrow('nobody there')
  isThere = true
  const taken = await connections.take('a')
  expect(taken.destroyed).toBe(false)
})
