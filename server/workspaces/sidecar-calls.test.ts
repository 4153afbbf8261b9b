import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { createSidecarCalls } from '#server/workspaces/sidecar-calls.ts'
import { ControlTunnels } from '#server/orchestrator/kubernetes/reach/control-tunnels.ts'
import { startSidecar, tokens } from '#server/workspaces/_sidecar-in-pod.ts'
import { createCaller, readBody } from '../../mcp-sidecar/http-call.ts'

test('a call that comes before there is anybody to answer it waits, and is answered', async () => {
  const sidecar = await startSidecar()
  const calls = createSidecarCalls()
  const served = Promise.withResolvers<void>()
  await using tunnels = new ControlTunnels({
    dial: () => sidecar.dial(),
    tokens,
    serve: (connection) => {
      calls.take(connection)
      connection.once('data', () => served.resolve())
    },
  })
  tunnels.keep(sidecar.sandboxId)
  using caller = createCaller({ tunnel: sidecar.tunnel })
  const asking = caller.stream({ method: 'POST', path: '/early', body: Buffer.from('its body') })
  await served.promise
  calls.answerWith((request, response) => void text(request).then((body) => response.end(`${request.url}: ${body}`)))
  expect((await readBody(await asking, 1000)).toString()).toBe('/early: its body')
})
