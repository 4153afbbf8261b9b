/** What a sandbox stands on before anything runs in it: folders, network, cgroups. Made again where a reboot took it. */
import { lchown, lstat, mkdir, readFile } from 'node:fs/promises'
import { AppError } from '#server/errors.ts'
import type { SandboxLimits } from '../orchestrator.ts'
import { joinFiles, makeCgroups, removeCgroups } from './cgroups.ts'
import { deleteTree, exists } from './delete-tree.ts'
import { writeEtc } from './etc.ts'
import { currentUid } from './folders.ts'
import type { Folders } from './folders.ts'
import { SANDBOX_UID } from './launch.ts'
import type { LaunchOptions } from './launch.ts'
import type { Machine } from './machine.ts'
import { hasNetwork, makeNetwork, networkPath, removeNetwork } from './network/namespace.ts'
import { slirpResolvConf } from './network/slirp.ts'

export interface Ground {
  sandboxId: string
  folders: Folders
  machine: Machine
  limits: SandboxLimits
}

/** Makes whatever of it is missing. */
export async function prepareGround(ground: Ground): Promise<void> {
  const { folders } = ground
  for (const folder of [folders.logs, folders.volume, folders.sockets]) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
  }
  const own = [folders.workspace, folders.home, folders.state, folders.runnerSockets, folders.sidecarSockets]
  await Promise.all(own.map(makeRealFolder))
  if (currentUid() === 0 && ground.machine.level === 'bubblewrap') {
    await Promise.all([folders.volume, ...own].map((folder) => lchown(folder, SANDBOX_UID, SANDBOX_UID)))
  }
  await Promise.all([prepareNetwork(ground), prepareCgroups(ground)])
}

/** The `cgroup.procs` files that a runner joins. */
export function runnerCgroups(ground: Ground): string[] {
  return ground.machine.cgroups === undefined ? [] : joinFiles(ground.machine.cgroups, ground.sandboxId)
}

/** The network that a runner enters or is given, where it has one of its own. */
export function runnerNetwork({ sandboxId, machine }: Ground): Pick<LaunchOptions, 'networkNamespace' | 'slirp'> {
  if (machine.network === 'shared') return {}
  return machine.slirp === undefined ? { networkNamespace: networkPath(sandboxId) } : { slirp: machine.slirp }
}

/** Takes network, cgroups and sockets away, whether or not they are there. Nothing of it runs any more. */
export async function removeGround(ground: Omit<Ground, 'limits'>): Promise<void> {
  const { sandboxId, machine, folders } = ground
  await Promise.all([
    currentUid() === 0 ? removeNetwork(sandboxId) : undefined,
    machine.cgroups === undefined ? undefined : removeCgroups(machine.cgroups, sandboxId),
    deleteTree(folders.sockets),
  ])
}

/** A symlink here would be followed when it is mounted, and show a sandbox what it points to. */
async function makeRealFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 })
  if (!(await lstat(path)).isDirectory()) throw new AppError('internal', `${path} is not a folder.`, { path })
}

async function prepareNetwork({ sandboxId, folders, machine }: Ground): Promise<void> {
  if (machine.level === 'none') return
  const host = await readFile('/etc/resolv.conf', 'utf8').catch(() => '')
  if (machine.slirp !== undefined) {
    const runner = slirpResolvConf(machine.networkOptions.resolvers)
    return await writeEtc(folders.etc, { runner, sidecar: host })
  }
  if (machine.router === undefined) return await writeEtc(folders.etc, { runner: host, sidecar: host })
  if (await exists(networkPath(sandboxId))) {
    if (await hasNetwork(sandboxId)) return
    await removeNetwork(sandboxId)
  }
  await makeNetwork(sandboxId, machine.router)
  await writeEtc(folders.etc, { runner: machine.router.resolvConf, sidecar: host })
}

async function prepareCgroups({ sandboxId, machine, limits }: Ground): Promise<void> {
  if (machine.cgroups !== undefined) await makeCgroups(machine.cgroups, sandboxId, limits)
}
