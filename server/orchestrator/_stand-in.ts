import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '#server/log.ts'
import { openLocalOrchestrator } from './local.ts'
import type { LocalOrchestratorOptions } from './local.ts'

/** A part that answers `/health`, eats memory, and runs a shell command for assertions. */
const PART = `
import { createServer } from 'node:http'
import { execFile } from 'node:child_process'

const socket = process.env.SIDECAR_SOCKET ?? process.env.RUNNER_SOCKET
createServer((request, response) => {
  if (request.url === '/grow') for (const all = []; ; ) all.push(Buffer.alloc(1e7, 1))
  if (request.method === 'GET') return response.end(JSON.stringify({ pid: process.pid }))
  let command = ''
  request.setEncoding('utf8').on('data', (chunk) => (command += chunk))
  request.once('end', () => {
    execFile('/bin/sh', ['-c', command], { timeout: 30_000, maxBuffer: 1e8 }, (error, stdout, stderr) =>
      response.end(JSON.stringify({ code: error === null ? 0 : (error.code ?? null), output: stdout + stderr })),
    )
  })
}).listen(socket)
process.on('SIGTERM', () => process.exit(0))
`

export interface TestFolder extends AsyncDisposable {
  path: string
  options: LocalOrchestratorOptions
  /** The control plane's socket as after a restart: a new one at the same path. */
  listenAnew(): Promise<void>
}

/** A data folder and a bundle of stand-in parts in a temporary folder, closed to others as a real one is. */
export async function makeTestFolder(isolation: 'auto' | 'none'): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'devex-test-'))
  const sandboxBundle = join(path, 'bundle')
  const controlDir = join(path, 'control')
  await mkdir(sandboxBundle)
  await mkdir(controlDir, { mode: 0o700 })
  await writeFile(join(sandboxBundle, 'runner.mjs'), PART)
  await writeFile(join(sandboxBundle, 'sidecar.mjs'), PART)
  const controlSocket = join(controlDir, 'control.sock')
  // As the control plane listens: the socket is for everybody, its folder for nobody else.
  let generation = 0
  let control: Server | undefined
  const listenAnew = async () => {
    await closeServer(control)
    generation++
    const text = `control plane ${generation}`
    const server = createServer((_, response) => response.end(text))
    await new Promise<void>((resolve) => server.listen({ path: controlSocket, writableAll: true }, resolve))
    control = server
  }
  await listenAnew()
  const options: LocalOrchestratorOptions = {
    dataDir: join(path, 'data'),
    sandboxBundle,
    nodeBinary: process.execPath,
    controlSocket,
    publicKey: '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----\n',
    isolation,
    log: createLog({ level: 'error', format: 'text' }),
  }
  return {
    path,
    options,
    listenAnew,
    [Symbol.asyncDispose]: async () => {
      await removeAll(options).catch(() => {})
      await closeServer(control)
      await rm(path, { recursive: true, force: true })
    },
  }
}

async function closeServer(server: Server | undefined): Promise<void> {
  if (server !== undefined) await new Promise((resolve) => server.close(resolve))
}

/** A test that failed leaves nothing running either. */
async function removeAll(options: LocalOrchestratorOptions): Promise<void> {
  await using orchestrator = await openLocalOrchestrator(options)
  for (const { id } of await orchestrator.list()) await orchestrator.remove(id)
}
