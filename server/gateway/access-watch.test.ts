import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { newId } from '#protocol/ids.ts'
import { ask, closed, mustOpen, openSocket } from '#server/gateway/_client.ts'
import { startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'

describe('S5: who names a repl without a right to it leaves nothing behind', () => {
  let platform: Platform
  beforeEach(async () => {
    platform = await startPlatform()
  })
  afterEach(() => platform[Symbol.asyncDispose]())

  const getFile = async (replId: string, cookie: string) =>
    (await ask({ port: platform.port, path: `/r/${replId}/files/a`, headers: { Cookie: cookie } })).status
  const openAt = (replId: string, cookie: string) => ({
    path: `/r/${replId}/socket`,
    headers: { Cookie: cookie, Origin: platform.origin },
  })

  test('a file: for nobody, for somebody without a role, of an id that is made up', async () => {
    expect(await getFile(newId(), '')).toBe(401)
    expect(await getFile(platform.replId, '')).toBe(401)
    expect(await getFile(platform.replId, platform.person().cookie)).toBe(404)
    expect(await getFile(newId(), platform.person('owner').cookie)).toBe(404)
    expect(platform.access.subscriptions()).toBe(0)
    platform.runner.files.set('a', Buffer.from('a'))
    expect(await getFile(platform.replId, platform.person('viewer').cookie)).toBe(200)
    expect(platform.access.subscriptions()).toBe(1)
  })

  test('a socket', async () => {
    expect(await openSocket(platform.port, openAt(newId(), ''))).toMatchObject({ status: 401 })
    for (const replId of [newId(), platform.replId]) {
      const socket = await mustOpen(platform.port, openAt(replId, platform.person().cookie))
      expect(await closed(socket)).toMatchObject({ code: 4404 })
    }
    expect(platform.access.subscriptions()).toBe(0)
  })

  test('a preview', async () => {
    for (const replId of [newId(), platform.replId]) {
      const host = `3000-${replId}.localhost:${platform.port}`
      expect(await ask({ port: platform.port, host, path: '/' })).toMatchObject({ status: 401 })
    }
    expect(platform.access.subscriptions()).toBe(0)
  })

  test('an agent that was let into the account', async () => {
    const { token } = await platform.connections.issue({
      userId: platform.person('owner').id,
      userName: 'Ada',
      resource: { kind: 'account' },
      client: 'Probe',
      scopes: ['repl:read'],
    })
    const answer = await ask({
      port: platform.port,
      path: `/r/${newId()}/mcp`,
      method: 'POST',
      headers: {
        Authorization: `Bearer ${token}`,
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
    })
    expect(answer.status).toBe(404)
    expect(platform.access.subscriptions()).toBe(0)
  })
})
