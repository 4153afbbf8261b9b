import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame } from '#protocol/frames.ts'
import type { OpenRequest } from '#protocol/adoption.ts'
import { RUNNER_ROUTES } from '#protocol/adoption.ts'
import { ask, closed, mustOpen } from '#server/gateway/_client.ts'
import { portOf, startPlatform } from '#server/gateway/_platform.ts'
import type { Platform } from '#server/gateway/_platform.ts'
import { visitorCookie } from '#server/gateway/_visitor.ts'

const ROOT = resolve(import.meta.dirname, '../..')

const hasPython = spawnSync('python3', ['--version']).status === 0

/** What Flask's own server is made of: WSGI over HTTP/1.0, which makes absolute addresses from the Host that it sees. */
const WSGI_PROGRAM = `
import sys
from wsgiref.simple_server import make_server
def app(environ, start):
    if environ['PATH_INFO'] == '/old':
        start('302 Found', [('Location', f"http://{environ['HTTP_HOST']}/new"), ('Set-Cookie', 'seen=1; Path=/')])
        return [b'']
    body = environ['wsgi.input'].read(int(environ.get('CONTENT_LENGTH') or 0))
    start('200 OK', [('Content-Type', 'text/plain')])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['QUERY_STRING']} ".encode() + body]
make_server('127.0.0.1', int(sys.argv[1]), app).serve_forever()
`

describe('the gateway before a real runner', () => {
  let platform: Platform
  let runner: ChildProcess
  let folder: string

  beforeAll(async () => {
    platform = await startPlatform()
    folder = await mkdtemp(join(tmpdir(), 'devex-real-runner-'))
    const [workspace, home] = [join(folder, 'workspace'), join(folder, 'home')]
    await mkdir(workspace)
    await mkdir(home)
    platform.sandbox.socketPath = join(folder, 'runner.sock')
    runner = spawn(process.execPath, [join(ROOT, 'runner-image/main.ts')], {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        RUNNER_SOCKET: platform.sandbox.socketPath,
        CONTROL_PUBLIC_KEY: platform.publicKey,
        SANDBOX_ID: platform.sandbox.id,
        WORKSPACE_DIR: workspace,
        HOME: home,
      },
    })
    await isUp(runner)
    await openRunner(platform)
  })
  afterAll(async () => {
    const exit = once(runner, 'exit')
    runner.kill()
    await exit
    await platform[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  const attach = (cookie: string, inbox: string[]) =>
    mustOpen(platform.port, {
      inbox,
      path: `/r/${platform.replId}/socket`,
      headers: { Cookie: cookie, Origin: platform.origin },
    })
  const file = (path: string, options: { method?: string; headers?: Record<string, string>; body?: Buffer } = {}) =>
    ask({
      port: platform.port,
      path: `/r/${platform.replId}/files/${path}`,
      ...options,
      headers: { Origin: platform.origin, ...options.headers },
    })

  test('the first message says who one is, and the role is the runner’s to enforce', async () => {
    const { id, cookie } = platform.person('viewer')
    const inbox: string[] = []
    const socket = await attach(cookie, inbox)
    await expect
      .poll(() => JSON.parse(inbox[0] ?? 'null'))
      .toMatchObject({
        event: 'hello',
        data: { repl: platform.replId, generation: 7, role: 'viewer', actor: `Person ${id}` },
      })
    socket.send(JSON.stringify({ id: 1, type: 'terminal.create', params: { cols: 80, rows: 24 } }))
    await expect.poll(() => inbox.join()).toMatch(/"id":1,"error":\{"code":"forbidden"/)
    socket.close()
    await closed(socket)
  })

  test('an editor opens a real shell through it', async () => {
    const inbox: string[] = []
    const socket = await attach(platform.person('editor').cookie, inbox)
    const output: Buffer[] = []
    socket.on('message', (data, isBinary) => {
      const frame = isBinary && Buffer.isBuffer(data) ? decodeFrame(data) : undefined
      if (frame?.kind === 'output') output.push(Buffer.from(frame.payload))
    })
    socket.send(JSON.stringify({ id: 1, type: 'terminal.create', params: { cols: 80, rows: 24 } }))
    const created = () => inbox.find((text) => text.startsWith('{"id":1,')) ?? ''
    await expect.poll(created).toContain('"result"')
    const terminal = /"terminal":\{"id":"(\w+)"/.exec(created())?.[1]
    socket.send(JSON.stringify({ id: 2, type: 'terminal.attach', params: { terminal, since: 0 } }))
    await expect.poll(() => inbox.join()).toContain('"id":2,"result"')
    const channel = Number(/"id":2,"result":\{"channel":(\d+)/.exec(inbox.join())?.[1])
    socket.send(encodeFrame({ kind: 'input', channel, offset: 0, payload: Buffer.from('echo $((6 * 7))-$PWD\n') }))
    await expect.poll(() => Buffer.concat(output).toString(), { timeout: 10_000 }).toContain(`42-${folder}/workspace`)
    socket.close()
    await closed(socket)
  })

  test('files go in and out, with the preconditions of HTTP', { timeout: 10_000 }, async () => {
    const { cookie } = platform.person('editor')
    const body = randomBytes(3 * 1024 * 1024)
    const put = await file('a/b%20c.bin', { method: 'PUT', headers: { Cookie: cookie }, body })
    expect(put.status).toBe(201)
    const got = await file('a/b%20c.bin', { headers: { Cookie: cookie } })
    expect(got.bytes.equals(body)).toBe(true)
    expect(got.headers['content-disposition']).toBe("attachment; filename*=UTF-8''b%20c.bin")
    const range = await file('a/b%20c.bin', { headers: { Cookie: cookie, Range: 'bytes=10-19' } })
    expect(range.status).toBe(206)
    expect(range.bytes.equals(body.subarray(10, 20))).toBe(true)
    expect(await file('a/b%20c.bin', { headers: { Cookie: cookie, Range: 'bytes=99999999-' } })).toMatchObject({
      status: 416,
    })
    const stale = { method: 'PUT', headers: { Cookie: cookie, 'If-Match': '"stale"' }, body }
    expect(await file('a/b%20c.bin', stale)).toMatchObject({ status: 412 })
    const etag = got.headers.etag ?? ''
    expect(await file('a/b%20c.bin', { headers: { Cookie: cookie, 'If-None-Match': etag } })).toMatchObject({
      status: 304,
    })
    const zip = await file('a', { headers: { Cookie: cookie } })
    expect(zip.bytes.subarray(0, 2).toString()).toBe('PK')
    expect(zip.headers['content-disposition']).toContain('a.zip')
  })

  test('S8: a symlink out of the workspace leads nowhere', async () => {
    const { cookie } = platform.person('owner')
    await symlink('/etc', join(folder, 'workspace', 'etc'))
    const { status } = await file('etc/passwd', { headers: { Cookie: cookie } })
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
  })

  test('a server in the sandbox is previewed; where none is, the page waits', async () => {
    const server = createServer((_request, response) => response.end('from the sandbox'))
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    const port = portOf(server)
    const headers = { Cookie: await visitorCookie(platform, port), Accept: 'text/html' }
    const visit = () => ask({ port: platform.port, host: platform.previewAuthority(port), path: '/', headers })
    expect(await visit()).toMatchObject({ status: 200, body: 'from the sandbox' })
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    const waiting = await visit()
    expect(waiting.status).toBe(502)
    expect(waiting.body).toContain(`Nothing listens on port ${port} yet`)
  })

  test('L11: an unmodified Vite development server works, its HMR included', async () => {
    const project = join(folder, 'vite')
    await mkdir(project)
    await writeFile(join(project, 'index.html'), '<!doctype html><script type="module" src="/main.js"></script>')
    await writeFile(join(project, 'main.js'), 'import.meta.hot.accept()\nexport const version = 1\n')
    const port = await freePort()
    const vite = spawn(
      process.execPath,
      [join(ROOT, 'node_modules/vite/bin/vite.js'), '--port', String(port), '--strictPort'],
      {
        cwd: project,
        stdio: 'ignore',
      },
    )
    const exit = once(vite, 'exit')
    try {
      const cookie = await visitorCookie(platform, port)
      const host = platform.previewAuthority(port)
      const visit = (path: string) =>
        ask({ port: platform.port, host, path, headers: { Cookie: cookie, Accept: '*/*' } })
      await expect.poll(async () => (await visit('/')).status, { timeout: 20_000 }).toBe(200)
      expect((await visit('/')).body).toContain('/@vite/client')
      expect((await visit('/main.js')).body).toContain('version = 1')
      const token = /wsToken = "([^"]+)"/.exec((await visit('/@vite/client')).body)?.[1] ?? ''
      const updates: string[] = []
      const hmr = await mustOpen(platform.port, {
        inbox: updates,
        host,
        path: `/?token=${token}`,
        headers: { Cookie: cookie, Origin: `http://${host}` },
        protocols: ['vite-hmr'],
      })
      await expect.poll(() => updates.join()).toContain('connected')
      await writeFile(join(project, 'main.js'), 'import.meta.hot.accept()\nexport const version = 2\n')
      await expect.poll(() => updates.join(), { timeout: 10_000 }).toMatch(/"path":"\/main\.js"/)
      hmr.terminate()
    } finally {
      vite.kill()
      await exit
    }
  })

  test('L11: an unmodified Next development server works, its HMR included', { timeout: 60_000 }, async () => {
    // Inside the repository, where `next` and `react` are found.
    await mkdir(join(ROOT, '.build'), { recursive: true })
    const project = await mkdtemp(join(ROOT, '.build', 'next-dev-'))
    await mkdir(join(project, 'app'))
    const layout = 'export default ({ children }) => <html><body>{children}</body></html>\n'
    await writeFile(join(project, 'app', 'layout.js'), layout)
    await writeFile(join(project, 'app', 'page.js'), 'export default () => <h1>version 1</h1>\n')
    const port = await freePort()
    const next = spawn(
      process.execPath,
      [join(ROOT, 'node_modules/next/dist/bin/next'), 'dev', '--port', String(port), '--hostname', '127.0.0.1'],
      { cwd: project, stdio: 'ignore', env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'development' } },
    )
    const exit = once(next, 'exit')
    try {
      const cookie = await visitorCookie(platform, port)
      const host = platform.previewAuthority(port)
      const visit = (path: string) =>
        ask({ port: platform.port, host, path, headers: { Cookie: cookie, Accept: '*/*' } })
      await expect.poll(async () => (await visit('/')).body, { timeout: 30_000 }).toContain('version 1')
      const script = /src="(\/_next\/static\/[^"]+\.js[^"]*)"/.exec((await visit('/')).body)?.[1] ?? ''
      expect((await visit(script)).status).toBe(200)
      const updates: string[] = []
      const hmr = await mustOpen(platform.port, {
        inbox: updates,
        host,
        path: '/_next/hmr?id=test',
        headers: { Cookie: cookie, Origin: `http://${host}` },
      })
      await expect.poll(() => updates.length, { timeout: 10_000 }).toBeGreaterThan(0)
      await writeFile(join(project, 'app', 'page.js'), 'export default () => <h1>version 2</h1>\n')
      await expect.poll(async () => (await visit('/')).body, { timeout: 15_000 }).toContain('version 2')
      hmr.terminate()
    } finally {
      next.kill()
      await exit
      await rm(project, { recursive: true, force: true })
    }
  })

  test.skipIf(!hasPython)(
    `L11: an unmodified Python web server works: addresses, redirects, cookies and forms${hasPython ? '' : ' (skipped: no python3 here)'}`,
    { timeout: 20_000 },
    async () => {
      const port = await freePort()
      const python = spawn('python3', ['-c', WSGI_PROGRAM, String(port)], { stdio: 'ignore' })
      const exit = once(python, 'exit')
      try {
        const cookie = await visitorCookie(platform, port)
        const host = platform.previewAuthority(port)
        const headers = { Cookie: cookie, Accept: '*/*', Origin: `http://${host}` }
        const visit = (path: string, more: { method?: string; body?: string } = {}) =>
          ask({ port: platform.port, host, path, headers, ...more })
        await expect.poll(async () => (await visit('/')).status, { timeout: 15_000 }).toBe(200)
        expect((await visit('/static/a%20b.css?v=1')).body).toBe('GET /static/a b.css v=1 ')
        const moved = await visit('/old')
        expect(moved.status).toBe(302)
        expect(moved.headers.location).toBe(`http://${host}/new`)
        expect(moved.headers['set-cookie']).toContain('seen=1; Path=/')
        expect((await visit('/form', { method: 'POST', body: 'name=Ada' })).body).toBe('POST /form  name=Ada')
      } finally {
        python.kill()
        await exit
      }
    },
  )
})

/** When the runner says so in its log. */
async function isUp({ stderr }: ChildProcess): Promise<void> {
  if (stderr === null) throw new Error('The runner has no log.')
  for (let log = ''; !log.includes('The runner is up.');) log += String((await once(stderr, 'data'))[0])
  stderr.resume()
}

/** Makes the sandbox the repl's, as its sidecar does. */
async function openRunner({ sandbox, replId }: Platform): Promise<void> {
  const body: OpenRequest = {
    sandbox: sandbox.id,
    repl: replId,
    replName: 'test',
    generation: 7,
    run: { command: 'true' },
    isolation: 'none',
    diskLimitBytes: 1024 ** 3,
  }
  const text = await new Promise<string>((done, fail) => {
    const request = httpRequest(
      { socketPath: sandbox.socketPath, method: 'POST', path: RUNNER_ROUTES.open },
      (answer) => {
        let lines = ''
        answer.on('data', (chunk: Buffer) => (lines += chunk.toString('utf8')))
        answer.on('end', () => done(lines))
      },
    )
    request.on('error', fail)
    request.end(JSON.stringify(body))
  })
  expect(text).toContain('"phase":"done"')
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const port = portOf(server)
  await new Promise((done) => server.close(done))
  return port
}
