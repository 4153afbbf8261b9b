import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { Browser, openDoor, passConsent, register } from '#server/auth/oauth/_door.ts'
import { LIMIT_MS, why } from '#server/repls/_stage.ts'

const PROGRAM = join(import.meta.dirname, '../../../node_modules/conformance-next/dist/index.js')

/** A port that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  return typeof address === 'object' && address !== null ? address.port : 0
}

describe(`conformance of the authorization server${why}`, { timeout: LIMIT_MS, skip: why !== '' }, () => {
  test('every scenario of the protocol’s own suite passes', async () => {
    await using door = await openDoor()
    const port = await freePort()
    const redirectUri = `http://127.0.0.1:${port}/callback`
    const registered = await register(door.origin, { client_name: 'Conformance', redirect_uris: [redirectUri] })
    const { client_id: clientId } = z.object({ client_id: z.string() }).parse(await registered.json())
    const args = ['authorization', '--url', door.origin, '--client-id', clientId]
    const suite = spawn(process.execPath, [PROGRAM, ...args, '--port', String(port), '--resource', door.resource])
    let output = ''
    let visited = ''
    const browse = async () => {
      const url = new RegExp(`${door.origin}/oauth/authorize\\S+`).exec(output)?.[0]
      if (url === undefined || url === visited) return
      visited = url
      const { back } = await passConsent(door, new Browser(door.origin, door.cookie), { url })
      await fetch(back)
    }
    const visits: Promise<void>[] = []
    for (const stream of [suite.stdout, suite.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        visits.push(browse())
      })
    }
    const [code] = await once(suite, 'exit')
    await Promise.all(visits)
    expect(output).toContain('Total: 3 passed, 0 failed')
    expect(output).not.toMatch(/✗/)
    expect(code).toBe(0)
  })
})
