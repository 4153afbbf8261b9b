/** Limits by cgroups, version 2 where it is in charge, else version 1. One group per sandbox and controller, for its runner. */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SandboxLimits } from '../orchestrator.ts'
import { KILL_POLL_MS, KILL_WAIT_MS } from './limits.ts'

const MOUNT = '/sys/fs/cgroup'
const CPU_PERIOD_US = 100_000

export type Controller = 'memory' | 'cpu' | 'processes'

/** Which controllers this process may use, and how. */
export interface Cgroups {
  version: 1 | 2
  /** Folder under which a sandbox's group is made, per controller that works. */
  parents: Partial<Record<Controller, string>>
}

const V1_FOLDERS = { memory: 'memory', cpu: 'cpu', processes: 'pids' } as const
const V2_NAMES = { memory: 'memory', cpu: 'cpu', processes: 'pids' } as const
const CONTROLLERS: Controller[] = ['memory', 'cpu', 'processes']

/** Makes the groups and sets the limits. Returns the files to join by. */
export async function makeCgroups(cgroups: Cgroups, sandboxId: string, limits: SandboxLimits): Promise<string[]> {
  const folders = foldersOf(cgroups, sandboxId)
  for (const [controller, folder] of folders) {
    await mkdir(folder, { recursive: true })
    for (const [file, value, isNeeded] of limitFiles(cgroups.version, controller, limits)) {
      await writeFile(join(folder, file), value).catch((error: unknown) => {
        if (isNeeded) throw error
      })
    }
  }
  return joinFiles(cgroups, sandboxId)
}

/** The `cgroup.procs` files of groups that exist. */
export function joinFiles(cgroups: Cgroups, sandboxId: string): string[] {
  return [...new Set(foldersOf(cgroups, sandboxId).map(([, folder]) => join(folder, 'cgroup.procs')))]
}

/** Takes the groups away; what is not there is no error. A group is busy for a moment after its last process ended. */
export async function removeCgroups(cgroups: Cgroups, sandboxId: string): Promise<void> {
  const deadline = Date.now() + KILL_WAIT_MS
  for (const [, folder] of foldersOf(cgroups, sandboxId)) {
    while ((await isBusy(folder)) && Date.now() < deadline) await delay(KILL_POLL_MS)
  }
}

async function isBusy(folder: string): Promise<boolean> {
  return await rmdir(folder).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && error.code === 'EBUSY',
  )
}

/** How often the kernel has ended a process of this sandbox because its memory was used up. */
export async function countOutOfMemory(cgroups: Cgroups, sandboxId: string): Promise<number> {
  const folder = foldersOf(cgroups, sandboxId).find(([controller]) => controller === 'memory')?.[1]
  if (folder === undefined) return 0
  const file = join(folder, cgroups.version === 2 ? 'memory.events' : 'memory.oom_control')
  const text = await readFile(file, 'utf8').catch(() => '')
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0)
}

/**
 * Finds out by doing it: makes a group, sets limits, moves a process in, and looks whether it is there. `probe` starts a
 * short process that joins the given files, and tells its `/proc/self/cgroup`.
 */
export async function openCgroups(
  probeId: string,
  probe: (join: string[]) => Promise<string>,
): Promise<Cgroups | undefined> {
  for (const candidate of [await candidateV2(), candidateV1()]) {
    const works: Cgroups = { version: candidate.version, parents: {} }
    for (const controller of CONTROLLERS) {
      const parent = candidate.parents[controller]
      if (parent === undefined) continue
      const one: Cgroups = { version: candidate.version, parents: { [controller]: parent } }
      if (await isWorking(one, probeId, probe)) works.parents[controller] = parent
    }
    if (Object.keys(works.parents).length > 0) return works
  }
  return undefined
}

async function isWorking(one: Cgroups, probeId: string, probe: (join: string[]) => Promise<string>): Promise<boolean> {
  try {
    const limits = { memoryBytes: 64 * 1024 * 1024, cpus: 0.5, processes: 16, diskBytes: 0 }
    const membership = await probe(await makeCgroups(one, probeId, limits))
    return membership.includes(groupName(probeId))
  } catch {
    return false
  } finally {
    await removeCgroups(one, probeId)
  }
}

function candidateV1(): Cgroups {
  return {
    version: 1,
    parents: Object.fromEntries(CONTROLLERS.map((controller) => [controller, join(MOUNT, V1_FOLDERS[controller])])),
  }
}

/** The ancestor of our own group that hands most controllers down, the nearest of such, as systemd arranges it. */
async function candidateV2(): Promise<Cgroups> {
  const own = /^0::(.*)$/m.exec(await readFile('/proc/self/cgroup', 'utf8').catch(() => ''))?.[1] ?? '/'
  let best: Cgroups = { version: 2, parents: {} }
  for (let path = dirname(own); ; path = dirname(path)) {
    const folder = join(MOUNT, path)
    const handed = (await readFile(join(folder, 'cgroup.subtree_control'), 'utf8').catch(() => '')).trim().split(' ')
    const found = CONTROLLERS.filter((controller) => handed.includes(V2_NAMES[controller]))
    if (found.length > Object.keys(best.parents).length && (await canMakeGroup(folder))) {
      best = { version: 2, parents: Object.fromEntries(found.map((controller) => [controller, folder])) }
    }
    if (path === '/') return best
  }
}

async function canMakeGroup(folder: string): Promise<boolean> {
  const trial = join(folder, `devex-trial-${process.pid}`)
  try {
    await mkdir(trial)
    await rmdir(trial)
    return true
  } catch {
    return false
  }
}

function foldersOf(cgroups: Cgroups, sandboxId: string): [Controller, string][] {
  return CONTROLLERS.flatMap((controller) => {
    const parent = cgroups.parents[controller]
    return parent === undefined ? [] : [[controller, join(parent, groupName(sandboxId))]]
  })
}

function groupName(sandboxId: string): string {
  return `devex-${sandboxId}`
}

/** File, value, and whether the limit fails without it (swap accounting is not compiled in everywhere). */
function limitFiles(version: 1 | 2, controller: Controller, limits: SandboxLimits): [string, string, boolean][] {
  const memory = String(limits.memoryBytes)
  const quota = String(Math.round(limits.cpus * CPU_PERIOD_US))
  if (version === 2) {
    switch (controller) {
      case 'memory':
        return [
          ['memory.max', memory, true],
          ['memory.swap.max', '0', false],
        ]
      case 'cpu':
        return [['cpu.max', `${quota} ${CPU_PERIOD_US}`, true]]
      case 'processes':
        return [['pids.max', String(limits.processes), true]]
    }
  }
  switch (controller) {
    case 'memory':
      return [
        ['memory.limit_in_bytes', memory, true],
        ['memory.memsw.limit_in_bytes', memory, false],
      ]
    case 'cpu':
      return [
        ['cpu.cfs_period_us', String(CPU_PERIOD_US), true],
        ['cpu.cfs_quota_us', quota, true],
      ]
    case 'processes':
      return [['pids.max', String(limits.processes), true]]
  }
}

/** Pids in the sandbox's groups: whoever left the tree and cleared its environment is still here. */
export async function cgroupPids(cgroups: Cgroups, sandboxId: string): Promise<number[]> {
  const texts = await Promise.all(joinFiles(cgroups, sandboxId).map((file) => readFile(file, 'utf8').catch(() => '')))
  return [
    ...new Set(
      texts.flatMap((text) =>
        text
          .split('\n')
          .filter((line) => line !== '')
          .map(Number),
      ),
    ),
  ]
}
