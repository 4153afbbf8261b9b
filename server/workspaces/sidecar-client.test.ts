import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createTokens, newSigningKey } from '#server/auth/tokens.ts'
import { createSidecarClient } from '#server/workspaces/sidecar-client.ts'

test('a tampered sidecar that switches protocols unasked keeps no save waiting', async () => {
  const server = createServer(({ socket }) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n'),
  )
  await using opened = new AsyncDisposableStack()
  opened.defer(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = z.object({ port: z.int() }).parse(server.address())
  const client = createSidecarClient({
    orchestrator: { dial: async () => connect(port, '127.0.0.1') },
    tokens: createTokens(newSigningKey()),
  })
  const { signal } = new AbortController()
  const saving = client.stop('saaaaaaaaaaaaaaa', () => undefined, signal)
  await expect(saving).rejects.toMatchObject({ code: 'unavailable' })
})
