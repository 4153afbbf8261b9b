/** Where everything of a sandbox lies: its data, and its sockets (paths of sockets end at 107 bytes, data folders lie deep). */
import { chmod, lstat, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#server/errors.ts'
import { MAX_SOCKET_PATH_BYTES } from './limits.ts'

export interface Folders {
  /** Holds everything below but the sockets. */
  root: string
  record: string
  volume: string
  workspace: string
  home: string
  state: string
  /** Generated pieces of `/etc`. */
  etc: string
  /** What the parts print, and no more than `MAX_LOG_BYTES` twice. */
  logs: string
  /** The runner's socket; the only place outside the volume that user code can write to. */
  runnerSockets: string
  /** The sidecar's socket; user code never sees it, or it could pose as the sidecar and be handed its token. */
  sidecarSockets: string
  /** Both of the above. */
  sockets: string
}

/** The layout of one sandbox. `root` differs from the usual place while it is being made or removed. */
export function foldersOf(dataDir: string, sandboxId: string, root = join(sandboxesDir(dataDir), sandboxId)): Folders {
  const sockets = join(socketsDir(), sandboxId)
  return {
    root,
    record: join(root, 'sandbox.json'),
    volume: join(root, 'volume'),
    workspace: join(root, 'volume', 'workspace'),
    home: join(root, 'volume', 'home'),
    state: join(root, 'state'),
    etc: join(root, 'etc'),
    logs: join(root, 'logs'),
    sockets,
    runnerSockets: join(sockets, 'runner'),
    sidecarSockets: join(sockets, 'sidecar'),
  }
}

export function sandboxesDir(dataDir: string): string {
  return join(dataDir, 'sandboxes')
}

/** `/tmp/devex-<uid>`. */
export function socketsDir(): string {
  return `/tmp/devex-${currentUid()}`
}

/** The user that the control plane runs as; 0 is root. */
export function currentUid(): number {
  return process.getuid?.() ?? -1
}

/** Makes the folder of all sockets. `/tmp` is everybody's: a folder there that somebody else made is refused (`forbidden`). */
export async function makeSocketsDir(): Promise<void> {
  const path = socketsDir()
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  })
  const found = await lstat(path)
  if (!found.isDirectory() || found.uid !== currentUid()) {
    throw new AppError('forbidden', `${path} is not a folder of this user.`, {
      advice: `Someone else on this machine made it. Remove ${path}, then start again.`,
      path,
    })
  }
  if ((found.mode & 0o077) !== 0) await chmod(path, 0o700)
}

/** Refuses a socket path that the kernel would cut off. */
export function checkSocketPath(path: string): string {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES) {
    throw new AppError('bad_request', `The socket path ${path} is longer than ${MAX_SOCKET_PATH_BYTES} bytes.`, {
      path,
    })
  }
  return path
}
