import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { principalOfUser } from '#server/auth/principal.ts'
import { LIMIT_MS, stage, why } from '#server/repls/_stage.ts'
import type { Stage } from '#server/repls/_stage.ts'

const uploadSchema = z.object({ upload_url: z.string() })

/** The application's gateway where agents reach it. */
async function open(): Promise<AsyncDisposable & { s: Stage; url: URL }> {
  await using opened = new AsyncDisposableStack()
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(`http://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`)
  const s = opened.use(await stage({ publicUrl: url }))
  server.on('request', (request, response) => void s.app.gateway.handleRequest(request, response))
  opened.defer(() => {
    server.closeAllConnections()
    server.close()
  })
  const all = opened.move()
  return { s, url, [Symbol.asyncDispose]: () => all.disposeAsync() }
}

describe.skipIf(why !== '')(`an agent in a real sandbox, through the gateway${why}`, () => {
  test('works, is seen working, brings 10 MiB, is undone, and stops the REPL', { timeout: LIMIT_MS }, async () => {
    await using door = await open()
    const { context } = door.s.app
    const ada = principalOfUser(
      await context.auth.users.signIn({ provider: 'local', accountId: 'ada', name: 'Ada', isAdmin: false }),
    )
    const { id } = await context.repls.create(ada, { source: { kind: 'template', template: 'empty' } })
    const { token } = await context.agents.createToken(ada, {
      resource: { kind: 'repl', replId: id },
      name: 'Robot',
      scopes: ['repl:read', 'repl:write', 'repl:exec', 'repl:admin'],
    })
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } })
    const requestInit = { headers: { authorization: `Bearer ${token}` } }
    await client.connect(new StreamableHTTPClientTransport(new URL(`/r/${id}/mcp`, door.url), { requestInit }))
    const call = async (name: string, args: Record<string, unknown> = {}) => {
      const result = await client.callTool({ name, arguments: args })
      expect(result).not.toMatchObject({ isError: true })
      return result
    }

    const ran = await call('exec', { command: 'echo "by $(whoami)" > robot.txt; echo hello' })
    expect(JSON.stringify(ran.content)).toContain('hello')
    const volume = await door.s.volumeOf(id)
    expect(await readFile(join(volume, 'workspace', 'robot.txt'), 'utf8')).toContain('by ')

    const { upload_url } = uploadSchema.parse(
      (await call('write_file', { path: 'big.bin', link: true })).structuredContent,
    )
    const body = randomBytes(10 * 1024 * 1024)
    expect((await fetch(upload_url, { method: 'PUT', body })).status).toBe(201)
    const linked = JSON.stringify((await call('read_file', { path: 'big.bin', link: true })).content)
    const [link = ''] = /http:[^\\"]+/.exec(linked) ?? []
    expect(Buffer.from(await (await fetch(link)).arrayBuffer()).equals(body)).toBe(true)

    const info = await call('repl_info')
    expect(info.structuredContent).toMatchObject({ repl_id: id, url: new URL(`/r/${id}`, door.url).href })
    const preview = await call('preview_url', { port: 3000 })
    expect(preview.structuredContent).toMatchObject({ listening: false, access: 'private' })
    const elsewhere = { name: 'preview_url', arguments: { port: 3000, path: '//example.com/x' } }
    expect(JSON.stringify(await client.callTool(elsewhere))).toContain('leads to another site')

    const seen = async () => (await context.agents.calls(ada, id)).calls
    const finished = async () => (await seen()).filter(({ endedAt }) => endedAt !== undefined).map(({ tool }) => tool)
    await expect.poll(finished, { timeout: LIMIT_MS }).toEqual(expect.arrayContaining(['exec', 'preview_url']))
    // Viewers see the calls, and the links in them let in whoever has them.
    const told = JSON.stringify(await seen())
    expect(told).toContain('ticket=[left-out]')
    for (const url of [upload_url, link]) expect(told).not.toContain(new URL(url).searchParams.get('ticket'))
    const [first] = (await seen()).filter(({ tool }) => tool === 'exec')
    expect(first).toMatchObject({ ok: true, actor: 'Ada', client: 'Robot', checkpoint: expect.any(String) })
    await context.agents.undoRun(ada, id, first?.run ?? '')
    await expect(readFile(join(volume, 'workspace', 'robot.txt'))).rejects.toThrow('ENOENT')

    await call('stop_repl')
    const state = async () => (await context.repls.get(ada, id)).state.kind
    await expect.poll(state, { timeout: LIMIT_MS }).toBe('stopped')
    await client.close()
  })
})
