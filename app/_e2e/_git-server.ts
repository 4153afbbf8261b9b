import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** A real git server on this machine, over `git http-backend`. */
export interface GitServer extends AsyncDisposable {
  url: string
  /** Makes `/<name>.git` with a commit on each branch; the first one is the default. */
  add(name: string, branches: Record<string, Record<string, string>>): void
  /** Holds every transfer of objects back until the answer is called. */
  hold(): () => void
}

/** Starts the server, on a free port or on one that an earlier server had. */
export async function startGitServer(port = 0): Promise<GitServer> {
  const folder = mkdtempSync(join(tmpdir(), 'devex-git-'))
  let gate = Promise.resolve()
  const server = createServer((request, response) => {
    // Who asked may have gone meanwhile: that is no fault of the server's.
    void gate.then(() => answer(folder, request, response)).catch(() => response.destroy())
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const listensOn = typeof address === 'object' && address !== null ? address.port : port
  return {
    url: `http://127.0.0.1:${listensOn}`,
    add: (name, branches) => makeRepository(join(folder, `${name}.git`), branches),
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return resolve
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function makeRepository(bare: string, branches: Record<string, Record<string, string>>): void {
  const work = mkdtempSync(join(tmpdir(), 'devex-git-work-'))
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', work, '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args])
  git('init', '--quiet')
  for (const [branch, files] of Object.entries(branches)) {
    git('checkout', '--quiet', '--orphan', branch)
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(work, path)), { recursive: true })
      writeFileSync(join(work, path), text)
    }
    git('add', '.')
    git('commit', '--quiet', '-m', `files of ${branch}`)
    git('rm', '--quiet', '-r', '.')
  }
  git('clone', '--quiet', '--bare', work, bare)
  execFileSync('git', ['-C', bare, 'symbolic-ref', 'HEAD', `refs/heads/${Object.keys(branches)[0] ?? 'main'}`])
  rmSync(work, { recursive: true, force: true })
}

/** CGI (RFC 3875), as far as git needs it. */
async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1')
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const sent = Buffer.concat(chunks)
  const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      ...process.env,
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
      REQUEST_METHOD: request.method ?? 'GET',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      CONTENT_LENGTH: String(body.length),
      // The bare repositories belong to whoever runs the tests; git asks all the same.
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: '*',
    },
  })
  child.stdin.on('error', () => {})
  child.stdin.end(body)
  const output: Buffer[] = []
  for await (const chunk of child.stdout) output.push(chunk)
  const whole = Buffer.concat(output)
  const end = whole.indexOf('\r\n\r\n')
  const headers = whole.subarray(0, end).toString('latin1').split('\r\n')
  for (const header of headers) {
    const [name = '', value = ''] = header.split(/: (.*)/s)
    if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10)
    else if (name !== '') response.setHeader(name, value)
  }
  response.end(whole.subarray(end + 4))
}
