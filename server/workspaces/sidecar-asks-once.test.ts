import { once } from 'node:events'
import { createServer } from 'node:http'
import { expect, test } from 'vitest'
import { SAVE_LIMIT_MS } from '#server/repls/limits.ts'
import { createControlPlane } from '../../mcp-sidecar/control-plane-client.ts'
import { createCaller } from '../../mcp-sidecar/http-call.ts'
import type { Call, Caller } from '../../mcp-sidecar/http-call.ts'
import { createReplControl } from '../../mcp-sidecar/tools/repl-control.ts'

/** A control plane that hears calls and hangs up on them, or answers with `answer`. */
async function listening(answer?: unknown) {
  const heard: string[] = []
  const server = createServer((request, response) => {
    heard.push(`${request.method} ${request.url}`)
    if (answer === undefined) request.socket.destroy()
    else response.end(JSON.stringify(answer))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  const close = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url, heard, close, [Symbol.asyncDispose]: close }
}

function controlOf(caller: Caller) {
  return createReplControl(createControlPlane(caller, 'token').ask, 'a repl')
}

test('a restore or a checkpoint is not asked for again once it was sent: it may be under way', async () => {
  await using server = await listening()
  using caller = createCaller({ url: server.url })
  const control = controlOf(caller)
  const refusal = { code: 'unavailable', advice: expect.stringContaining('may be carried out all the same') }
  await expect(control.restore({ id: 'x', actor: 'a' })).rejects.toMatchObject(refusal)
  await expect(control.checkpoint({ reason: 'before-agent', actor: 'a' })).rejects.toMatchObject(refusal)
  expect(server.heard).toHaveLength(2)
  await expect(control.checkpoints()).rejects.toMatchObject({ code: 'unavailable' })
  expect(server.heard.length).toBeGreaterThan(3)
})

test('a restore that found no connection is tried again, and waited for longer than it may take', async () => {
  const gone = await listening()
  await gone.close()
  await using server = await listening({ undo: 'before' })
  using first = createCaller({ url: gone.url })
  using then = createCaller({ url: server.url })
  const calls: Call[] = []
  const caller: Caller = {
    stream: async (call) => {
      calls.push(call)
      return calls.length === 1 ? first.stream(call) : then.stream(call)
    },
    [Symbol.dispose]: () => undefined,
  }
  await expect(controlOf(caller).restore({ id: 'x', actor: 'a' })).resolves.toBe('before')
  expect(calls).toHaveLength(2)
  for (const { timeoutMs = 0 } of calls) expect(timeoutMs).toBeGreaterThan(2 * SAVE_LIMIT_MS)
})

test.each(['POST', 'GET'])('who answers a %s with a switch of protocols has not answered', async (method) => {
  const server = createServer()
  server.on('connection', (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n'),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  using caller = createCaller({ url: `http://127.0.0.1:${port}` })
  await expect(caller.stream({ method, path: '/' })).rejects.toMatchObject({ code: 'unavailable' })
  server.close()
})
