import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { GRPC_SOCKET_NAME, RUNNER_ROUTES } from '#protocol/adoption.ts'
import type { OpenRequest } from '#protocol/adoption.ts'
import { newId, newSandboxId } from '#protocol/ids.ts'
import { NODE_FLAGS } from '#protocol/node-flags.ts'
// oxlint-disable-next-line no-restricted-imports -- what is measured is the sidecar's own client
import { createRunnerApi } from '../mcp-sidecar/runner/create-runner-api.ts'
import { buildSandbox } from '../scripts/build-sandbox.ts'
import type { Contender } from './mcp/contender.ts'
import { floor } from './mcp/floor.ts'
import { measure } from './mcp/rounds.ts'
import type { Line } from './mcp/rounds.ts'

const ROUNDS = 5
const CROWD = 10_000
const KIB = 1024

/** Targets and floors: speed.md, lines 15 to 19. */
const LINES: readonly Line[] = [
  {
    name: 'exec `true`',
    samples: 100,
    act: ({ exec }) => exec && (() => exec('true')),
    targets: { runner: { p50: 1.2, p99: 4 } },
    floorThen: 1.68,
  },
  {
    name: 'exec `true`, 16 at once',
    samples: 600,
    atOnce: 16,
    act: ({ exec }) => exec && (() => exec('true')),
    targets: { runner: { rate: 780 } },
    floorThen: 779,
  },
  {
    name: 'exec with 1 MiB of output',
    samples: 10,
    act: ({ exec }) => exec && (() => exec('head -c 1048576 /dev/zero | tr "\\0" x')),
    targets: { runner: { p50: 14 } },
    floorThen: 7.4,
  },
  {
    name: 'write 1 KiB',
    samples: 100,
    act: ({ write }) => write && (() => write('small.txt', 'x'.repeat(KIB))),
    targets: { runner: { p50: 0.8 } },
    floorThen: 0.44,
  },
  {
    name: 'read 1 KiB',
    samples: 100,
    act: ({ read }) => read && (() => read('small.txt')),
    targets: { runner: { p50: 0.35 } },
    floorThen: 0.29,
  },
  {
    name: 'list 10,000 names and kinds',
    samples: 15,
    act: ({ list }) => list,
    targets: { runner: { p50: 10.5 } },
  },
]

/** What the runner's gRPC costs its sidecar, beside a bare `sh -c` and the file system (speed.md, lines 15 to 19). */
export async function benchExec(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-bench-'))
  await using stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const bare = join(folder, 'bare')
  const crowd = join(bare, 'crowd')
  await mkdir(crowd, { recursive: true })
  for (let n = 0; n < CROWD; n++) await writeFile(join(crowd, `file-${n}.txt`), '')
  const contenders = [floor(bare, crowd), await startRunnerProcess(folder)]
  for (const contender of contenders) stack.use(contender)
  for (const line of LINES) await measure(line, contenders, ROUNDS)
}

async function startRunnerProcess(folder: string): Promise<Contender> {
  const [workspace, home, socket] = [join(folder, 'workspace'), join(folder, 'home'), join(folder, 'r.sock')]
  for (const path of [join(workspace, 'crowd'), home]) await mkdir(path, { recursive: true })
  for (let n = 0; n < CROWD; n++) await writeFile(join(workspace, 'crowd', `file-${n}.txt`), '')
  await buildSandbox(join(folder, 'build'))
  const sandbox = newSandboxId()
  const { publicKey } = generateKeyPairSync('ed25519')
  const runner = spawn(process.execPath, [...NODE_FLAGS, join(folder, 'build', 'runner.mjs')], {
    stdio: 'ignore',
    env: {
      NODE_ENV: 'production',
      PATH: process.env['PATH'],
      HOME: home,
      RUNNER_SOCKET: socket,
      WORKSPACE_DIR: workspace,
      SANDBOX_ID: sandbox,
      CONTROL_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    },
  })
  await open(socket, {
    sandbox,
    repl: newId(),
    replName: 'bench',
    generation: 1,
    run: { command: '' },
    isolation: 'none',
    diskLimitBytes: 1e10,
  })
  const api = createRunnerApi(join(folder, GRPC_SOCKET_NAME))
  return {
    name: "ours: the runner's gRPC",
    role: 'runner',
    exec: async (command) => {
      for await (const event of api.processes.start({ command, actor: 'bench' }))
        if (event.type === 'ended' && event.process.exit?.code !== 0) throw new Error(`${command} failed`)
    },
    write: (path, text) => api.files.writeSmall({ path }, Buffer.from(text)),
    read: (path) => api.files.readSmall({ path }),
    list: () => api.files.listDir({ path: 'crowd' }),
    [Symbol.asyncDispose]: async () => {
      api[Symbol.dispose]()
      const ended = once(runner, 'exit')
      runner.kill()
      await ended
    },
  }
}

/** Opens the runner, as soon as it listens. */
async function open(socketPath: string, body: OpenRequest): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await new Promise<void>((resolve, reject) => {
        const call = request({ socketPath, method: 'POST', path: RUNNER_ROUTES.open }, (answer) => {
          answer.resume()
          answer.on('end', resolve)
        })
        call.on('error', reject)
        call.end(JSON.stringify(body))
      })
    } catch (error) {
      if (attempt > 200) throw error
      await delay(20)
    }
  }
}
