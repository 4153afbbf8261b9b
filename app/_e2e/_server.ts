import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { ChildProcess } from 'node:child_process'

const ROOT = join(import.meta.dirname, '..', '..')
const READY_LIMIT_MS = 60_000
const STOP_LIMIT_MS = 60_000

/** The whole product, as `npm start` runs it, on a free port and a data folder of its own. */
export interface Server extends AsyncDisposable {
  url: string
  /** The printed one-time URL, where sign-in is local. */
  link: string
  pid: number
  dataFolder: string
  log: string[]
  /** Ends the process at once; sandboxes go on. */
  kill(): Promise<void>
  /** Ctrl-C: saves and stops what runs. Resolves to the exit code. */
  stop(): Promise<number | null>
}

interface Options {
  env?: Record<string, string>
  /** Of a server that ran before: the same port and data. */
  again?: Server
}

/** Starts the product and waits until it says that it is ready. */
export async function startServer({ env = {}, again }: Options = {}): Promise<Server> {
  const dataFolder = again?.dataFolder ?? (await mkdtemp(join(tmpdir(), 'devex-e2e-')))
  const port = again === undefined ? '0' : new URL(again.url).port
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'server/main.ts'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      NODE_ENV: 'production',
      PORT: port,
      DEVEX_DATA: dataFolder,
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'debug',
      ...env,
    },
  })
  const log: string[] = []
  const link = await readyLink(child, log)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) })
      child.kill(signal)
      await exited
    }
    return child.exitCode
  }
  return {
    url: new URL(link).origin,
    link,
    pid: child.pid ?? 0,
    dataFolder,
    log,
    kill: async () => void (await end('SIGKILL')),
    stop: () => end('SIGINT'),
    [Symbol.asyncDispose]: async () => {
      await end('SIGINT')
      await rm(dataFolder, { recursive: true, force: true })
    },
  }
}

function readyLink(child: ChildProcess, log: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const late = setTimeout(
    () => reject(new Error(`not ready after ${READY_LIMIT_MS} ms:\n${log.join('\n')}`)),
    READY_LIMIT_MS,
  )
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue
    createInterface({ input: stream }).on('line', (line) => {
      log.push(line)
      const found = /ready: open (\S+?)[\s"]/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
  }
  child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${log.join('\n')}`)))
  return promise.finally(() => clearTimeout(late))
}
