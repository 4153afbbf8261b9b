import { execFile, spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { SignJWT } from 'jose'
import { expect, test, vi } from 'vitest'
import { WebSocket } from 'ws'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { NODE_FLAGS } from '#protocol/node-flags.ts'
import { buildSandbox } from './build-sandbox.ts'
import { ROOT } from './root.ts'

const run = promisify(execFile)

/** Asks a runner over its socket; the answer's text. */
async function ask(socketPath: string, path: string, body?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path, method: body === undefined ? 'GET' : 'POST' }, (response) => {
      void Array.fromAsync<Buffer>(response).then((chunks) => resolve(Buffer.concat(chunks).toString()))
    })
    asked.on('error', reject)
    asked.end(body)
  })
}

test('the bundle runs by itself: a shell, and a screen drawn by its worker thread', async () => {
  // Away from the project's own packages: what the bundle lacks, it must not find.
  const folder = await mkdtemp('/tmp/devex-bundle-')
  await buildSandbox(join(folder, 'sandbox'))
  const [workspace, home, socketPath] = [join(folder, 'workspace'), join(folder, 'home'), join(folder, 'r.sock')]
  await Promise.all([mkdir(workspace), mkdir(home)])
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const sandbox = newSandboxId()
  const repl = newId()
  const runner = spawn(process.execPath, [join(folder, 'sandbox', 'runner.mjs')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      NODE_ENV: 'production',
      PATH: '/usr/bin:/bin',
      RUNNER_SOCKET: socketPath,
      CONTROL_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      SANDBOX_ID: sandbox,
      WORKSPACE_DIR: workspace,
      HOME: home,
    },
  })
  const ended = new Promise<number | null>((resolve) => runner.on('exit', resolve))
  try {
    await expect
      .poll(async () => ask(socketPath, '/health').catch(() => ''), { timeout: 10_000 })
      .toContain('"opened":false')
    const run = { command: '' }
    const open = { sandbox, repl, replName: 'x', generation: 1, run, isolation: 'none', diskLimitBytes: 1e9 }
    expect(await ask(socketPath, '/open', JSON.stringify(open))).toBe('{"phase":"done"}\n')
    const claims = { aud: 'runner', sub: newId(), repl, generation: 1, role: 'owner', actor: 'x' }
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA' })
      .setExpirationTime('60s')
      .sign(privateKey)
    const socket = new WebSocket(`ws+unix:${socketPath}:/socket`, { headers: { authorization: `Bearer ${token}` } })
    const texts: string[] = []
    let screen = ''
    socket.on('message', (data, isBinary) => {
      if (!Buffer.isBuffer(data)) return
      if (!isBinary) texts.push(data.toString())
      else if (data[0] === 4) screen = data.subarray(13).toString()
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    const size = { cols: 80, rows: 24 }
    socket.send(JSON.stringify({ id: 1, type: 'run.configure', params: { command: 'seq 1 500000; echo THE-END' } }))
    await expect.poll(() => texts.some((text) => text.startsWith('{"id":1,'))).toBe(true)
    socket.send(JSON.stringify({ id: 2, type: 'run.start', params: size }))
    const find = (pattern: RegExp) => texts.map((text) => pattern.exec(text)?.[1]).find((found) => found !== undefined)
    await expect.poll(() => find(/"state":"exited","terminal":"(\w+)"/), { timeout: 20_000 }).toMatch(/./)
    const terminal = find(/"state":"exited","terminal":"(\w+)"/)
    socket.send(JSON.stringify({ id: 3, type: 'terminal.attach', params: { terminal } }))
    await expect.poll(() => screen, { timeout: 20_000 }).toContain('THE-END')
    expect(screen).toContain('500000')
    expect(screen.length).toBeLessThan(512 * 1024)
    socket.terminate()
  } finally {
    runner.kill('SIGTERM')
    expect(await ended).toBe(0)
    await rm(folder, { recursive: true })
  }
}, 60_000)

test('the compiled code that lies beside a program is taken by a Node with our flags', async () => {
  const folder = await mkdtemp('/tmp/devex-bundle-')
  const warned = vi.spyOn(console, 'warn')
  await buildSandbox(join(folder, 'sandbox'))
  // A life that was broken off leaves less, and says so.
  expect(warned).not.toHaveBeenCalled()
  const read = `import { readProgram } from '#wire/program.ts'
    for (const name of ['runner', 'sidecar']) console.log(readProgram('${folder}/sandbox/' + name).isCompiled)`
  const says = (flags: string[]) =>
    run(process.execPath, [...flags, '--input-type=module', '--eval', read], { cwd: ROOT })
  expect((await says(NODE_FLAGS)).stdout).toBe('true\ntrue\n')
  expect((await says([...NODE_FLAGS, '--no-opt'])).stdout).toBe('false\nfalse\n')
  await rm(folder, { recursive: true })
}, 60_000)

test('a build under a running program leaves it its own, and one that nothing runs from goes', async () => {
  const folder = await mkdtemp('/tmp/devex-bundle-')
  const target = join(folder, 'sandbox')
  await buildSandbox(target)
  const first = await realpath(target)
  await writeFile(join(first, 'late.mjs'), 'process.stdout.write("loaded late")')
  const program = join(first, 'program.mjs')
  await writeFile(program, "process.stdin.once('data', async () => { await import('./late.mjs'); process.exit(0) })")
  const running = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'] })
  try {
    await buildSandbox(target)
    await buildSandbox(target)
    const newest = await realpath(target)
    expect(newest).not.toBe(first)
    const output = text(running.stdout)
    running.stdin.end('now')
    expect(await output).toBe('loaded late')

    await buildSandbox(target)
    expect(existsSync(first)).toBe(false)
    expect(existsSync(newest)).toBe(true)
    expect(existsSync(join(target, 'runner.mjs'))).toBe(true)
  } finally {
    running.kill()
    await rm(folder, { recursive: true })
  }
}, 60_000)
