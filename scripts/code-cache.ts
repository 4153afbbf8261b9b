import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { newSandboxId } from '#protocol/ids.ts'
import { NODE_FLAGS } from '#protocol/node-flags.ts'

/** A program is up after a quarter of a second; an emulated one of another architecture takes longer. */
const UP_LIMIT_MS = 60_000
const UP_POLL_MS = 10

/**
 * Lets the runner and the sidecar in `folder` start once, each by itself: Node writes what V8 compiled beside them
 * (`boot.ts`), and every later start reads it. https://nodejs.org/api/module.html#module-compile-cache
 */
export async function fillCodeCache(folder: string): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'devex-build-'))
  try {
    for (const name of ['workspace', 'home', 'state', 'sockets']) await mkdir(join(home, name))
    for (const part of ['runner', 'sidecar'] as const) await startOnce({ folder, home, part })
    // Node lets only its own user read them; a sandbox has another one.
    const written = await readdir(join(folder, 'code-cache'), { recursive: true, withFileTypes: true })
    for (const file of written.filter((entry) => entry.isFile())) await chmod(join(file.parentPath, file.name), 0o644)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

interface Start {
  folder: string
  home: string
  part: 'runner' | 'sidecar'
}

async function startOnce({ folder, home, part }: Start): Promise<void> {
  const sockets = join(home, 'sockets')
  const child = spawn(process.execPath, [...NODE_FLAGS, join(folder, `${part}.mjs`)], {
    env: environment({ home, sockets }),
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // Both: it may end before all that it said has been read.
  const ended = Promise.all([text(child.stderr), once(child, 'exit')])
  const failed = ended.then(([said]) => {
    throw new Error(`The ${part} that was built does not start: ${said}`)
  })
  try {
    await Promise.race([answers(join(sockets, `${part}.sock`), AbortSignal.timeout(UP_LIMIT_MS)), failed])
  } finally {
    // In order: it writes what it compiled when it ends.
    child.kill()
    await ended
    await failed.catch(() => undefined)
  }
}

/** Whoever answers, whatever it says, is up. */
async function answers(socketPath: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const asking = request({ socketPath, path: '/', signal })
    asking.end()
    try {
      await once(asking, 'response')
      return
    } catch (error) {
      // Not there yet, or there and not listening yet.
      if (signal.aborted) throw error
      await delay(UP_POLL_MS)
    } finally {
      asking.destroy()
    }
  }
}

function environment({ home, sockets }: { home: string; sockets: string }): NodeJS.ProcessEnv {
  const { publicKey } = generateKeyPairSync('ed25519')
  return {
    NODE_ENV: 'production',
    HOME: join(home, 'home'),
    PATH: process.env['PATH'] ?? '',
    CONTROL_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    SANDBOX_ID: newSandboxId(),
    WORKSPACE_DIR: join(home, 'workspace'),
    RUNNER_SOCKET: join(sockets, 'runner.sock'),
    SIDECAR_SOCKET: join(sockets, 'sidecar.sock'),
    CONTROL_SOCKET: join(sockets, 'nobody.sock'),
    VOLUME_DIR: home,
    STATE_DIR: join(home, 'state'),
  }
}
