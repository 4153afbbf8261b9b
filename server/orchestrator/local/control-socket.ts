/**
 * Hands the control plane's socket to sidecars. What they mount is a folder with nothing else in it: the socket's own
 * folder holds the sockets of every sandbox, and the socket itself is a new one after each start of the control plane.
 */
import { createHash } from 'node:crypto'
import { chmod, link, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#server/errors.ts'
import { checkSocketPath, socketsDir } from './folders.ts'

/** Where sidecars find the control plane: the same place for the same `controlSocket`, however often it is made anew. */
export function sharedControlSocket(controlSocket: string): string {
  return checkSocketPath(join(folderOf(controlSocket), 'control.sock'))
}

/** Puts the present socket there (a second name of it). Called whenever a sidecar may have to find a new one. */
export async function shareControlSocket(controlSocket: string): Promise<void> {
  const folder = folderOf(controlSocket)
  const temporary = join(folder, `new-${process.pid}`)
  await mkdir(folder, { recursive: true })
  // Sidecars may run as another user; the folder above is closed to everybody.
  await chmod(folder, 0o755)
  await rm(temporary, { force: true })
  try {
    await link(controlSocket, temporary)
  } catch (cause) {
    throw new AppError('unavailable', `The control plane does not listen on ${controlSocket}.`, { cause })
  }
  await rename(temporary, sharedControlSocket(controlSocket))
}

/** Takes it away when no sidecar is left that could want it. */
export async function unshareControlSocket(controlSocket: string): Promise<void> {
  await rm(folderOf(controlSocket), { recursive: true, force: true })
}

function folderOf(controlSocket: string): string {
  return join(socketsDir(), `control-${createHash('sha256').update(controlSocket).digest('hex').slice(0, 16)}`)
}
