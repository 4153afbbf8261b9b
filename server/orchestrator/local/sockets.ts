import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { request } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '#server/errors.ts'
import { DIAL_TIMEOUT_MS, HEALTH_RETRY_MS, HEALTH_TIMEOUT_MS, MAX_HEALTH_BYTES } from './limits.ts'

/** Linux' `O_PATH` (open(2)): names the file itself, whatever its kind. Node has no name for it. */
const O_PATH = 0o10000000

/**
 * Connects to a Unix socket in a folder that user code may write to. The path is resolved once, without following a
 * symlink at its end, and what is connected to is that very inode: user code cannot turn our connection to another
 * socket of this machine. `unavailable` if nothing listens there.
 */
export async function dialSocket(path: string): Promise<Socket> {
  const handle = await open(path, O_PATH | constants.O_NOFOLLOW).catch((cause: unknown) => {
    throw new AppError('unavailable', 'The sandbox cannot be reached: it has no socket.', { cause })
  })
  let socket: Socket
  try {
    socket = await connectWithin(handle)
  } finally {
    await handle.close()
  }
  // While the handle was being closed, its other side may have died.
  if (socket.destroyed) throw new AppError('unavailable', 'The sandbox cannot be reached: it hung up at once.')
  return socket
}

async function connectWithin(handle: FileHandle): Promise<Socket> {
  if (!(await handle.stat()).isSocket()) {
    throw new AppError('unavailable', 'The sandbox cannot be reached: something else lies where its socket was.')
  }
  return await connectTo(`/proc/self/fd/${handle.fd}`)
}

/** Waits until `GET /health` is answered on the socket. Rejects when `signal` aborts, with its reason. */
export async function waitForHealth(path: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    if (await isHealthy(path)) return
    await delay(HEALTH_RETRY_MS, undefined, { signal }).catch(() => {})
  }
}

/** Whether `GET /health` is answered with 200 within `HEALTH_TIMEOUT_MS`. */
export async function isHealthy(path: string): Promise<boolean> {
  const socket = await dialSocket(path).catch(() => undefined)
  if (socket === undefined) return false
  try {
    return await askHealth(socket)
  } finally {
    socket.destroy()
  }
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path })
    const fail = (cause?: unknown) => {
      socket.destroy()
      reject(new AppError('unavailable', 'The sandbox cannot be reached: nobody answers at its socket.', { cause }))
    }
    const timer = setTimeout(fail, DIAL_TIMEOUT_MS)
    socket.once('error', fail)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      // Until somebody uses it: an error that nobody hears would end this process.
      socket.on('error', () => undefined)
      resolve(socket)
    })
    socket.once('close', () => clearTimeout(timer))
  })
}

function askHealth(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const asking = request({
      path: '/health',
      headers: { host: 'sandbox', connection: 'close' },
      createConnection: () => socket,
      signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS),
    })
    asking.once('error', () => resolve(false))
    // Of a switch of protocols, which nobody asked for, there is no other word.
    asking.once('close', () => resolve(false))
    asking.once('response', (response) => {
      let bytes = 0
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > MAX_HEALTH_BYTES) asking.destroy()
      })
      response.once('error', () => resolve(false))
      response.once('close', () => resolve(false))
      response.once('end', () => resolve(response.statusCode === 200))
    })
    asking.end()
  })
}
