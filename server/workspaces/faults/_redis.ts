import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_MS = 10

/** A Redis of the test's own, which keeps its data over a `kill -9`. */
export interface Redis extends AsyncDisposable {
  url: string
  /** `kill -9`, and up again. */
  restart(): Promise<void>
  empty(): Promise<void>
}

/** Whether one can be started here. */
export function hasRedis(): boolean {
  return spawnSync('redis-server', ['--version']).status === 0
}

/** `undefined` where no `redis-server` is installed. `address`: one of this machine's that others reach, too. */
export async function startRedis(folder: string, address = '127.0.0.1'): Promise<Redis | undefined> {
  if (!hasRedis()) return undefined
  await mkdir(folder, { recursive: true })
  const port = await freePort()
  // Every answered write is on the disk: a restart loses nothing.
  const options = { port, 'protected-mode': 'no', dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' }
  const bind = ['--bind', ...new Set(['127.0.0.1', address])]
  const args = [...bind, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])]
  const start = async () => {
    const child = spawn('redis-server', args, { stdio: 'ignore' })
    while (!(await say(port, 'PING').catch(() => '')).startsWith('+PONG')) {
      if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}.`)
      await delay(LOOK_MS)
    }
    return child
  }
  let server = await start()
  const kill = async () => {
    const exited = once(server, 'exit')
    server.kill('SIGKILL')
    await exited
  }
  return {
    url: `redis://${address}:${port}`,
    restart: async () => {
      await kill()
      server = await start()
    },
    empty: async () => void (await say(port, 'FLUSHALL')),
    [Symbol.asyncDispose]: kill,
  }
}

/** One command over a connection of its own; the first piece of the answer. */
async function say(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  try {
    await once(socket, 'connect')
    socket.write(`${command}\r\n`)
    const [answer]: unknown[] = await once(socket, 'data')
    return String(answer)
  } finally {
    socket.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('listens on TCP')
  return address.port
}
