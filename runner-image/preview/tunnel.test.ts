import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { until } from '../_client.ts'
import type { TestTerminal } from '../_client.ts'
import { startFixture } from '../_fixture.ts'
import type { Fixture } from '../_fixture.ts'

/** A user's server: HTTP, and a WebSocket that echoes, on one loopback family; it prints its port. */
const SERVER = `
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
const { WebSocketServer } = createRequire(${JSON.stringify(import.meta.url)})('ws')
const server = createServer((request, response) => response.end(request.method + ' ' + request.url + ' ' + request.headers.host))
new WebSocketServer({ server }).on('connection', (socket) => socket.on('message', (data) => socket.send('echo ' + data)))
server.listen(0, process.argv[2], () => console.log('port=' + server.address().port + '='))
`

let fixture: Fixture
beforeAll(async () => {
  fixture = await startFixture()
  await writeFile(join(fixture.workspace, 'server.mjs'), SERVER)
})
afterAll(async () => fixture[Symbol.asyncDispose]())

/** Starts the server in a terminal; its port. */
async function serve(terminal: TestTerminal, host: string): Promise<number> {
  terminal.type(`${process.execPath} server.mjs ${host}\n`)
  return Number(await until('a port', () => /port=(\d+)=/.exec(terminal.text)?.[1]))
}

/** The same, of somebody else: whoever started it has ended, so that it hangs on nothing of ours. */
async function serveElsewhere(folder: string): Promise<{ port: number } & Disposable> {
  const command = `"${process.execPath}" server.mjs 127.0.0.1 & echo "pid=$!="`
  const shell = spawn('sh', ['-c', command], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(shell, 'exit')
  const port = Number(await until('a port', () => /port=(\d+)=/.exec(said)?.[1]))
  const pid = Number(/pid=(\d+)=/.exec(said)?.[1])
  return { port, [Symbol.dispose]: () => void process.kill(pid) }
}

async function tunnel(from: Fixture, port: number | string): Promise<Duplex> {
  const authorization = `Bearer ${await from.token('viewer')}`
  return new Promise((resolve, reject) => {
    const dial = request({
      socketPath: from.socket,
      path: `/tunnel?port=${port}`,
      headers: { authorization, connection: 'Upgrade', upgrade: 'devex-tunnel' },
    })
    dial.on('upgrade', (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    dial.on('response', (response) => reject(new Error(`HTTP ${response.statusCode}`)))
    dial.on('error', reject)
    dial.end()
  })
}

describe('tunnels', () => {
  test.each(['127.0.0.1', '::1', '0.0.0.0'])('HTTP reaches a server that listens on %s', async (host) => {
    using client = await fixture.connect()
    const port = await serve(await client.shell(), host)
    const socket = await tunnel(fixture, port)
    socket.write('GET /a%20b?c HTTP/1.1\r\nHost: 8080-x.example\r\nConnection: close\r\n\r\n')
    const answer = Buffer.concat(await Array.fromAsync<Buffer>(socket)).toString()
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(answer).toContain('GET /a%20b?c 8080-x.example')
    const { ports } = await client.request('ports.list', {})
    const found = ports.find((known) => known.port === port)
    expect(found).toMatchObject({ port, address: host })
    expect(found?.command).toContain(`server.mjs ${host}`)
  })

  test('a WebSocket goes through, large messages too', async () => {
    using client = await fixture.connect()
    const port = await serve(await client.shell(), '127.0.0.1')
    const stream = await tunnel(fixture, port)
    const socket = new WebSocket('ws://user.example/hmr', { createConnection: () => connected(stream) })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const message = 'x'.repeat(1_000_000)
    socket.send(message)
    const echoed = await new Promise<string>((resolve) =>
      socket.once('message', (data) => resolve(Buffer.isBuffer(data) ? data.toString() : '')),
    )
    expect(echoed === `echo ${message}`).toBe(true)
    socket.terminate()
  })

  test('ports that are none, and ports on which nothing listens, are refused', async () => {
    for (const port of ['0', '65536', '-1', 'x', '80x', '1e3', ' 80', '']) {
      await expect(tunnel(fixture, encodeURIComponent(port))).rejects.toThrow('HTTP 400')
    }
    await expect(tunnel(fixture, 1)).rejects.toThrow('HTTP 503')
  })

  test('on a shared network only ports of this sandbox’s own processes are reached and listed', async () => {
    await using shared = await startFixture({ open: { port: 4567 } })
    await writeFile(join(shared.workspace, 'server.mjs'), SERVER)
    using client = await shared.connect()
    const own = await serve(await client.shell(), '127.0.0.1')
    // A server of this very process, which is the runner's, would be had for a moment by each process that it starts.
    using foreign = await serveElsewhere(shared.workspace)
    await expect(tunnel(shared, foreign.port)).rejects.toThrow('HTTP 503')
    ;(await tunnel(shared, own)).destroy()
    const { ports } = await client.request('ports.list', {})
    expect(ports.map((known) => known.port)).toContain(own)
    expect(ports.map((known) => known.port)).not.toContain(foreign.port)
  })

  test('a daemon that left the process tree still counts as the sandbox’s own', async () => {
    await using shared = await startFixture({ open: { port: 4568 } })
    await writeFile(join(shared.workspace, 'server.mjs'), SERVER)
    using client = await shared.connect()
    const terminal = await client.shell()
    terminal.type(`(setsid ${process.execPath} server.mjs 127.0.0.1 &) ; true\n`)
    const port = Number(await until('a port', () => /port=(\d+)=/.exec(terminal.text)?.[1]))
    ;(await tunnel(shared, port)).destroy()
    await shared.http('POST', '/quiesce')
    await expect(tunnel(shared, port)).rejects.toThrow('HTTP 503')
  })
})

/** What `ws` expects of a connection that is made already. */
function connected(stream: Duplex): Duplex {
  setImmediate(() => stream.emit('connect'))
  return stream
}
