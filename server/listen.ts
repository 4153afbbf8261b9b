import { chmod, mkdir, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import type { Server } from 'node:net'
import { AppError } from '#server/errors.ts'

/** Listens on a TCP port; resolves to the port that it got. A port in use is an error that names it. */
export async function listenOnPort(server: Server, host: string, port: number): Promise<number> {
  try {
    await listening(server, () => server.listen(port, host))
  } catch (cause) {
    throw new AppError(
      'unavailable',
      `Port ${port} of ${host} cannot be used: ${isCode(cause, 'EADDRINUSE') ? 'another program listens there' : String(cause)}.`,
      {
        cause,
        advice: `Stop that program, or choose another port: PORT=${port + 1} npm start.`,
      },
    )
  }
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

/** Listens on a Unix socket in a private folder. A socket that nobody serves any more is replaced; one that is served is an error. */
export async function listenOnSocket(server: Server, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  if (await answers(path)) {
    throw new AppError('conflict', 'Devex runs on this data folder already.', {
      advice: 'Use the one that runs, stop it first, or set DEVEX_DATA to another folder.',
    })
  }
  await rm(path, { force: true })
  await listening(server, () => server.listen(path))
  // The folder is private; sidecars that run as another user get this one socket bind-mounted, and authenticate every call.
  await chmod(path, 0o666)
}

function listening(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.once('listening', () => {
      server.off('error', reject)
      resolve()
    })
    listen()
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    // Any other fault, as of one that is too busy to take another connection, is no sign that nobody is there.
    socket.once('error', (error) => resolve(!['ECONNREFUSED', 'ENOENT'].some((code) => isCode(error, code))))
  })
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
