import { execFileSync } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_EDITOR_FILE_BYTES, MAX_MESSAGE_BYTES } from '#protocol/limits.ts'
import { newId } from '#protocol/ids.ts'
import { TestClient, until } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'
import { MAX_BACKLOG_BYTES, MAX_CONNECTION_BACKLOG_BYTES, MAX_CONTROL_BODY_BYTES } from '../limits.ts'

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
})
afterAll(async () => fixture[Symbol.asyncDispose]())

describe('who may connect', () => {
  test('S5: without a valid token of this repl and generation there is no socket, no file and no tunnel', async () => {
    const past = Math.floor(Date.now() / 1000) - 1
    const cases: [string, string][] = [
      [await fixture.token('owner', { exp: past }), '401'],
      [await fixture.token('owner', { aud: 'sidecar' }), '401'],
      [await fixture.token('owner', { repl: newId() }), '403'],
      [await fixture.token('owner', { generation: 2 }), '403'],
      [`${(await fixture.token()).slice(0, -6)}AAAAAA`, '401'],
      [unsigned(), '401'],
      ['x', '401'],
    ]
    for (const [token, status] of cases) {
      await expect(TestClient.connect(fixture.socket, token)).rejects.toThrow(`HTTP ${status}`)
      const headers = { authorization: `Bearer ${token}` }
      expect((await fixture.http('GET', '/files/', { headers })).status).toBe(Number(status))
      const tunnel = { ...headers, connection: 'Upgrade', upgrade: 'devex-tunnel' }
      expect((await fixture.http('GET', '/tunnel?port=80', { headers: tunnel })).status).toBe(Number(status))
    }
    expect((await fixture.http('GET', '/files/')).status).toBe(401)
  })

  test('before it is opened, a runner answers its health and nothing else', async () => {
    await using closed = await startFixture({ open: false })
    expect(JSON.parse((await closed.http('GET', '/health')).body.toString())).toMatchObject({ opened: false })
    await expect(TestClient.connect(closed.socket, await closed.token())).rejects.toThrow('HTTP 503')
    expect((await closed.http('GET', '/files/')).status).toBe(503)
    expect(await closed.open()).toEqual([{ phase: 'done' }])
    expect(await closed.open()).toEqual([{ phase: 'done' }])
    await expect(closed.open({ generation: 2 })).rejects.toThrow('HTTP 409')
    await expect(closed.open({ repl: newId() })).rejects.toThrow('HTTP 409')
    expect((await closed.http('POST', '/open', { body: '{"sandbox": 1}' })).status).toBe(400)
    expect((await closed.http('POST', '/open', { body: 'x'.repeat(MAX_CONTROL_BODY_BYTES + 1) })).status).toBe(413)
    expect((await closed.http('GET', '/nothing')).status).toBe(404)
  })
})

describe('what a viewer may', () => {
  test('a viewer looks and does not touch', async () => {
    using owner = await fixture.connect('owner')
    using viewer = await fixture.connect('viewer')
    const terminal = await owner.shell()
    const { id } = terminal
    const size = { cols: 80, rows: 24 }
    const refused = await Promise.allSettled([
      viewer.request('terminal.create', size),
      viewer.request('terminal.resize', { terminal: id, ...size }),
      viewer.request('terminal.rename', { terminal: id, name: 'x' }),
      viewer.request('terminal.close', { terminal: id }),
      viewer.request('terminal.restart', { terminal: id }),
      viewer.request('git.author', {}),
      viewer.request('git.commit', { message: 'x', ...size }),
      viewer.request('git.discard', { path: 'x' }),
      viewer.request('files.write', { path: 'x', content: '', ifMatch: null }),
      viewer.request('files.mkdir', { path: 'x' }),
      viewer.request('files.move', { from: 'x', to: 'y' }),
      viewer.request('files.copy', { from: 'x', to: 'y' }),
      viewer.request('files.delete', { path: 'x' }),
      viewer.request('files.restore', { deletion: newId() }),
      viewer.request('trash.list', {}),
      viewer.request('trash.empty', {}),
      viewer.request('processes.signal', { pid: 1, signal: 'SIGKILL' }),
      viewer.request('run.start', size),
      viewer.request('run.stop', {}),
      viewer.request('run.configure', { command: 'id' }),
    ])
    expect(
      refused.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason).slice(0, 16) : 'done')),
    ).toEqual(refused.map(() => 'Error: forbidden'))
    await viewer.request('files.list', { path: '' })
    await viewer.request('processes.list', {})
  })

  test('typing closes a viewer’s connection, and nothing is typed', async () => {
    using owner = await fixture.connect('owner')
    using viewer = await fixture.connect('viewer')
    const terminal = await owner.shell()
    const watched = await viewer.attach(terminal.id, { since: 0 })
    watched.type('echo ty""ped\n')
    expect(await viewer.whenClosed()).toEqual({ code: 4403, reason: 'A viewer cannot type.' })
    terminal.type('echo e""nd\n')
    await terminal.shows('end')
    expect(terminal.text).not.toContain('typed')
  })
})

test('Git looks once for all pages that ask at a time', async () => {
  execFileSync('git', ['init', '--quiet'], { cwd: fixture.workspace })
  const pages = await Promise.all(Array.from({ length: 8 }, async () => fixture.connect('viewer')))
  let started = 0
  const count = () => void (started += 1)
  subscribe('child_process', count)
  const answers = await Promise.all(pages.map(async (page) => page.request('git.status', {})))
  unsubscribe('child_process', count)
  for (const { socket } of pages) socket.terminate()
  expect(answers).toEqual(answers.map(() => expect.objectContaining({ kind: 'repository' })))
  // One look, and one more for who asked during it; each asks for filters first.
  expect([2, 4]).toContain(started)
})

describe('what clients do not read', () => {
  test('many who read nothing are cut off before they take the sandbox’s memory, and nobody else', async () => {
    await writeFile(join(fixture.workspace, 'large.txt'), 'x'.repeat(MAX_EDITOR_FILE_BYTES))
    using witness = await fixture.connect('owner')
    const readers = await Promise.all(Array.from({ length: 6 }, async () => fixture.connect('viewer')))
    // Each stays below what one may hold.
    const count = Math.floor((0.9 * MAX_CONNECTION_BACKLOG_BYTES) / MAX_EDITOR_FILE_BYTES)
    for (const { socket } of readers) {
      socket.pause()
      for (let id = 1; id <= count; id++)
        socket.send(JSON.stringify({ id, type: 'files.read', params: { path: 'large.txt' } }))
    }
    const mayStay = Math.ceil(MAX_BACKLOG_BYTES / (count * MAX_EDITOR_FILE_BYTES))
    const cutOff = () => {
      // Whoever reads nothing hears of its end when it writes.
      for (const { socket } of readers) if (socket.readyState === socket.OPEN) socket.pong()
      return readers.filter(({ socket }) => socket.readyState !== socket.OPEN).length
    }
    await until('those beyond the limit to be cut off', () => cutOff() >= readers.length - mayStay || undefined)
    expect(await witness.request('files.read', { path: 'large.txt' })).toMatchObject({ kind: 'text' })
    for (const { socket } of readers) socket.terminate()
  })
})

describe('what a client sends', () => {
  test('invalid messages close only their sender’s connection, with a code that says why', async () => {
    using witness = await fixture.connect()
    const messages: [string | Uint8Array, number][] = [
      ['not json', 4400],
      ['[]', 4400],
      ['{"id":-1,"type":"ping"}', 4400],
      [new Uint8Array([1, 2, 3]), 4400],
      [new Uint8Array(13), 4400],
      [Uint8Array.from([3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]), 4400],
      ['x'.repeat(MAX_MESSAGE_BYTES + 1), 1009],
    ]
    for (const [message, code] of messages) {
      using client = await fixture.connect()
      client.socket.send(message)
      expect((await client.whenClosed()).code).toBe(code)
    }
    await witness.request('ping', {})
  })

  test('unknown requests and wrong parameters are answered with what is wrong', async () => {
    using client = await fixture.connect()
    client.socket.send(JSON.stringify({ id: 900, type: 'toString', params: {} }))
    client.socket.send(JSON.stringify({ id: 901, type: '__proto__', params: {} }))
    await expect(client.request('terminal.create', { cols: 0, rows: 24 })).rejects.toThrow('bad_request: cols')
    await expect(client.request('terminal.attach', { terminal: newId() })).rejects.toThrow('not_found')
    await expect(client.request('terminal.detach', { channel: 77 })).rejects.toThrow('not_found')
    await client.request('ping', {})
  })

  test('a client may send many requests at once: all are answered', async () => {
    using client = await fixture.connect()
    const answers = await Promise.all(
      Array.from({ length: 500 }, async () => client.request('files.list', { path: '' })),
    )
    expect(answers).toHaveLength(500)
  })

  test('acknowledging more than was sent closes the connection', async () => {
    using client = await fixture.connect()
    const terminal = await client.shell()
    terminal.send({ kind: 'ack', offset: 1e9, payload: new Uint8Array() })
    expect((await client.whenClosed()).code).toBe(4400)
  })
})

describe('stopping', () => {
  test('quiesce ends every process, refuses what would start, and can be called off', async () => {
    await using stopping = await startFixture()
    using client = await stopping.connect()
    const terminal = await client.shell()
    terminal.type(
      'trap \'\' HUP TERM; (setsid sh -c "trap \'\' HUP TERM; while :; do sleep 1; done" &) ; echo $$ > pid; echo rea""dy\n',
    )
    await terminal.shows('ready')
    const pid = (await readFile(join(stopping.workspace, 'pid'), 'utf8')).trim()
    expect((await stopping.http('POST', '/quiesce')).status).toBe(200)
    expect((await client.whenClosed()).code).toBe(4503)
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
    expect(stat === '' || / Z /.test(stat)).toBe(true)
    const headers = { authorization: `Bearer ${await stopping.token()}` }
    expect((await stopping.http('PUT', '/files/late', { headers, body: 'x' })).status).toBe(503)
    await expect(stopping.connect()).rejects.toThrow('HTTP 503')
    expect(await stopping.open()).toEqual([{ phase: 'done' }])
    using again = await stopping.connect()
    expect((await again.request('processes.list', {})).processes).toEqual([])
  })

  test('a stop that is called off while it still ends processes refuses nothing afterwards', async () => {
    await using stopping = await startFixture()
    using client = await stopping.connect()
    const terminal = await client.shell()
    terminal.type(`bash -c 'trap "touch asked" HUP; echo rea""dy; until [ -e go ]; do sleep 0.02; done'\n`)
    await terminal.shows('ready')
    const quiesced = stopping.http('POST', '/quiesce')
    await expect.poll(() => readdir(stopping.workspace), { timeout: 15_000 }).toContain('asked')
    const opened = stopping.open()
    expect((await stopping.http('GET', '/health')).status).toBe(200)
    await writeFile(join(stopping.workspace, 'go'), '')
    expect((await quiesced).status).toBe(200)
    expect(await opened).toEqual([{ phase: 'done' }])
    const headers = { authorization: `Bearer ${await stopping.token()}` }
    expect((await stopping.http('PUT', '/files/later', { headers, body: 'x' })).status).toBe(201)
  })

  test('an upload that began before is refused when it ends: it would be told of, and not be saved', async () => {
    await using stopping = await startFixture()
    const { request } = await import('node:http')
    const headers = { authorization: `Bearer ${await stopping.token()}` }
    const upload = request({ socketPath: stopping.socket, method: 'PUT', path: '/files/late', headers })
    const status = new Promise((resolve) => upload.on('response', ({ statusCode }) => resolve(statusCode)))
    upload.write('the first half, ')
    await expect.poll(() => readdir(stopping.workspace)).toHaveLength(1)
    expect((await stopping.http('POST', '/quiesce')).status).toBe(200)
    upload.end('and the second')
    expect(await status).toBe(503)
    expect(await readdir(stopping.workspace)).toEqual([])
    expect(await stopping.open()).toEqual([{ phase: 'done' }])
    expect((await stopping.http('PUT', '/files/late', { headers, body: 'x' })).status).toBe(201)
  })

  test('hints of changes are streamed to the sidecar, with paths of the volume', async () => {
    await using changing = await startFixture()
    using client = await changing.connect()
    const { request } = await import('node:http')
    let text = ''
    const hints = request({ socketPath: changing.socket, path: '/changes' }, (response) => {
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
    })
    hints.on('error', () => {}).end()
    await expect
      .poll(async () => {
        const { etag } = await client.request('files.write', { path: `f${Date.now()}`, content: 'x', ifMatch: null })
        return etag !== '' && text.includes('{"path":"workspace/f')
      })
      .toBe(true)
    hints.destroy()
  })
})

function unsigned(): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 60
  const claims = { aud: 'runner', sub: newId(), repl: fixture.repl, generation: 1, role: 'owner', actor: 'x', exp }
  return `${encode({ alg: 'none' })}.${encode(claims)}.`
}
