import { createServer } from 'node:http'
import { Socket, connect, createServer as createTcpServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { INTERNAL_ROUTES } from '#protocol/adoption.ts'
import { CONTROL_TUNNELS } from '#protocol/limits.ts'
import { ControlTunnels } from '#server/orchestrator/kubernetes/reach/control-tunnels.ts'
import { startSidecar, tokens } from '#server/workspaces/_sidecar-in-pod.ts'
import { createControlPlane } from '../../mcp-sidecar/control-plane-client.ts'
import { createCaller, readBody } from '../../mcp-sidecar/http-call.ts'
import { withRetries } from '../../mcp-sidecar/retry.ts'
import { MAX_FREE_TUNNELS } from '../../mcp-sidecar/limits.ts'

type Sidecar = Awaited<ReturnType<typeof startSidecar>>

/** A control plane that opens connections for the sidecar's calls, and answers them with its name. */
function controlPlane(name: string, { dial, sandboxId }: Sidecar) {
  const server = createServer((asked, response) => response.end(`${name} ${asked.url}`))
  const open = new Set<Duplex>()
  let dials = 0
  const tunnels = new ControlTunnels({
    dial: async () => {
      dials += 1
      const connection = await dial()
      open.add(connection)
      connection.once('close', () => open.delete(connection))
      return connection
    },
    tokens,
    serve: (connection) => void server.emit('connection', connection),
  })
  tunnels.keep(sandboxId)
  return { tunnels, open, dials: () => dials }
}

async function ask(sidecar: Sidecar, paths: string[]): Promise<string[]> {
  using caller = createCaller({ tunnel: sidecar.tunnel })
  const call = (path: string) => async () =>
    (await readBody(await caller.stream({ method: 'GET', path }), 1000)).toString()
  return await Promise.all(paths.map((path) => withRetries(call(path))))
}

test('more calls at once than there are connections are all answered', async () => {
  const sidecar = await startSidecar()
  const { tunnels, dials } = controlPlane('a', sidecar)
  await using _closing = tunnels
  const paths = Array.from({ length: 5 * CONTROL_TUNNELS }, (_, at) => `/${at}`)
  expect(await ask(sidecar, paths)).toEqual(paths.map((path) => `a ${path}`))
  expect(dials()).toBe(CONTROL_TUNNELS)
})

test('connections that break are opened anew', async () => {
  const sidecar = await startSidecar()
  const { tunnels, open } = controlPlane('a', sidecar)
  await using _closing = tunnels
  await ask(sidecar, ['/1'])
  for (const connection of open) connection.destroy()
  expect(await ask(sidecar, ['/2', '/3'])).toEqual(['a /2', 'a /3'])
})

test('of two control planes both are heard of, and when one ends the other answers', async () => {
  const sidecar = await startSidecar()
  const first = controlPlane('a', sidecar)
  await expect.poll(() => first.open.size).toBe(CONTROL_TUNNELS)
  const second = controlPlane('b', sidecar)
  await using _closing = second.tunnels
  await expect.poll(() => second.open.size).toBe(CONTROL_TUNNELS)
  // Neither takes the other's place: nobody has to dial again and again.
  expect(first.open.size).toBe(CONTROL_TUNNELS)
  await first.tunnels[Symbol.asyncDispose]()
  expect(await ask(sidecar, ['/1', '/2', '/3', '/4', '/5'])).toEqual(['/1', '/2', '/3', '/4', '/5'].map((path) => `b ${path}`)) // prettier-ignore
  expect([first.dials(), second.dials()].every((dials) => dials <= 2 * CONTROL_TUNNELS)).toBe(true)
})

test('connections whose other end vanished without a word make room for new ones', async () => {
  const sidecar = await startSidecar()
  const dead = Array.from({ length: MAX_FREE_TUNNELS }, () => new Socket())
  for (const connection of dead) sidecar.tunnel.add(connection)
  const { tunnels } = controlPlane('a', sidecar)
  await using _closing = tunnels
  await expect.poll(() => dead.filter(({ destroyed }) => destroyed).length).toBe(CONTROL_TUNNELS)
  expect(await ask(sidecar, ['/1'])).toEqual(['a /1'])
})

test('calls that wait for calls of ours leave connections for those', async () => {
  const sidecar = await startSidecar()
  const saved = Promise.withResolvers<void>()
  const server = createServer((asked, response) => {
    if (asked.url === INTERNAL_ROUTES.commit) saved.resolve()
    // As a checkpoint, which is there when what the sidecar saves for it is.
    void saved.promise.then(() => response.end(JSON.stringify({ etag: 'x' })))
  })
  await using tunnels = new ControlTunnels({
    dial: () => sidecar.dial(),
    tokens,
    serve: (connection) => void server.emit('connection', connection),
  })
  tunnels.keep(sidecar.sandboxId)
  using caller = createCaller({ tunnel: sidecar.tunnel })
  const { ask: askControl } = createControlPlane(caller, 'token')
  const schema = z.object({ etag: z.string() })
  const checkpoint = () =>
    askControl({ method: 'POST', path: INTERNAL_ROUTES.checkpoints, json: {}, isOnce: true }, schema)
  const checkpoints = Promise.all(Array.from({ length: 2 * CONTROL_TUNNELS }, checkpoint))
  await askControl({ method: 'POST', path: INTERNAL_ROUTES.commit, json: {} }, schema)
  expect(await checkpoints).toHaveLength(2 * CONTROL_TUNNELS)
})

test('a call that nobody answers gives up in its time, and its connection with it', async () => {
  const { tunnel } = await startSidecar()
  const silence = createTcpServer().listen({ host: '127.0.0.1', port: 0 })
  onTestFinished(() => void silence.close())
  await once(silence, 'listening')
  const address = silence.address()
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  const connection = connect(address.port, address.address)
  await once(connection, 'connect')
  tunnel.add(connection)
  using caller = createCaller({ tunnel })
  await expect(caller.stream({ method: 'GET', path: '/1', timeoutMs: 100 })).rejects.toThrow('no answer in time')
  expect(connection.destroyed).toBe(true)
})
