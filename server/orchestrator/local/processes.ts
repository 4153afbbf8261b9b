/**
 * Processes by identity. A pid alone may have been given to somebody else since it was written down; together with the
 * process's start time (clock ticks since boot) and the boot's id it names one process for ever.
 */
import { readFileSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { KILL_POLL_MS, KILL_WAIT_MS, TERMINATE_WAIT_MS } from './limits.ts'

export interface ProcessId {
  pid: number
  /** Field 22 of `/proc/<pid>/stat`. */
  startTime: string
}

interface Stat {
  state: string
  parent: number
  startTime: string
}

/** Identifies a living process; `undefined` when there is none (a zombie is none). */
export function identify(pid: number): ProcessId | undefined {
  const stat = readStat(pid)
  return stat === undefined || isOver(stat) ? undefined : { pid, startTime: stat.startTime }
}

/** Whether exactly this process still runs. */
export function isAlive(id: ProcessId): boolean {
  return identify(id.pid)?.startTime === id.startTime
}

/** Differs after every boot, so that start times of another boot match nothing. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
}

/** Signals exactly this process; nothing happens if it is gone. */
export function signal(id: ProcessId, name: NodeJS.Signals): void {
  if (!isAlive(id)) return
  try {
    process.kill(id.pid, name)
  } catch (error) {
    if (!isGone(error)) throw error
  }
}

/**
 * Every living process that belongs to a sandbox: those in `roots`, what descends from them, and what carries the
 * sandbox's id in the environment it was started with (daemons that left the tree, starts that were never written down).
 */
export async function findProcesses(sandboxId: string, roots: ProcessId[]): Promise<ProcessId[]> {
  const stats = await readAllStats()
  const found = new Set(roots.filter(isAlive).map((root) => root.pid))
  const marker = `SANDBOX_ID=${sandboxId}`
  await Promise.all(
    [...stats.keys()].map(async (pid) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
      if (environment.split('\0').includes(marker)) found.add(pid)
    }),
  )
  // Never ourselves, nor what is ours: a control plane may itself run in a sandbox.
  found.delete(process.pid)
  stats.delete(process.pid)
  addDescendants(found, stats)
  return [...found].flatMap((pid) => identify(pid) ?? [])
}

/** The given processes and all that descends from them. */
export async function findTree(roots: ProcessId[]): Promise<ProcessId[]> {
  const found = new Set(roots.filter(isAlive).map((root) => root.pid))
  addDescendants(found, await readAllStats())
  return [...found].flatMap((pid) => identify(pid) ?? [])
}

/** The direct children of a process. */
export async function childrenOf(parent: ProcessId): Promise<ProcessId[]> {
  const stats = await readAllStats()
  return [...stats].flatMap(([pid, stat]) => (stat.parent === parent.pid ? (identify(pid) ?? []) : []))
}

/** Asks politely, waits a little, then ends every process that `find` still sees. Returns what could not be ended. */
export async function terminate(polite: ProcessId[], find: () => Promise<ProcessId[]>): Promise<ProcessId[]> {
  for (const id of polite) signal(id, 'SIGTERM')
  await waitUntilGone(polite, TERMINATE_WAIT_MS)
  const deadline = Date.now() + KILL_WAIT_MS
  for (;;) {
    const left = await find()
    if (left.length === 0 || Date.now() > deadline) return left
    for (const id of left) signal(id, 'SIGKILL')
    await waitUntilGone(left, KILL_WAIT_MS)
  }
}

async function waitUntilGone(ids: ProcessId[], limitMs: number): Promise<void> {
  const deadline = Date.now() + limitMs
  while (ids.some(isAlive) && Date.now() < deadline) await delay(KILL_POLL_MS)
}

function addDescendants(found: Set<number>, stats: Map<number, Stat>): void {
  for (let before = -1; before !== found.size;) {
    before = found.size
    for (const [pid, stat] of stats) if (found.has(stat.parent)) found.add(pid)
  }
}

async function readAllStats(): Promise<Map<number, Stat>> {
  const names = await readdir('/proc')
  const stats = names.flatMap((name): [number, Stat][] => {
    if (!/^\d+$/.test(name)) return []
    const stat = readStat(Number(name))
    return stat === undefined ? [] : [[Number(name), stat]]
  })
  return new Map(stats)
}

function readStat(pid: number): Stat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** Parses `/proc/<pid>/stat` (proc_pid_stat(5)). The name in parentheses may itself hold spaces and parentheses. */
export function parseStat(text: string): Stat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent] = fields
  const startTime = fields[19]
  if (state === undefined || parent === undefined || startTime === undefined) return undefined
  return { state, parent: Number(parent), startTime }
}

function isOver(stat: Stat): boolean {
  return stat.state === 'Z' || stat.state === 'X'
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')
}
