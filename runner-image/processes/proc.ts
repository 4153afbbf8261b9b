import { readFileSync } from 'node:fs'
import { readFile, readdir, readlink } from 'node:fs/promises'

/** One row of `/proc/<pid>/stat` (proc_pid_stat(5)). Times in clock ticks. */
export interface ProcStat {
  pid: number
  command: string
  state: string
  parent: number
  group: number
  session: number
  cpuTicks: number
  startTicks: number
}

/** Clock ticks a second: `sysconf(_SC_CLK_TCK)`, 100 on every Linux architecture that Node runs on. */
export const TICKS_PER_SECOND = 100

/** A line of `/proc/<pid>/stat`. The command may hold anything, brackets and spaces too, so the last `)` ends it. */
export function parseStat(text: string): ProcStat | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(')')
  if (open === -1 || close === -1) return undefined
  const fields = text.slice(close + 2).split(' ')
  const number = (index: number) => Number(fields[index] ?? 0)
  return {
    pid: Number(text.slice(0, open)),
    command: text.slice(open + 1, close),
    state: fields[0] ?? '',
    parent: number(1),
    group: number(2),
    session: number(3),
    cpuTicks: number(11) + number(12),
    startTicks: number(19),
  }
}

/**
 * Every process that can be seen. One that ends meanwhile is left out. Read in one go: these files wait for nothing, and
 * through the thread pool each takes ten times as long and 64 KiB.
 */
export async function readStats(): Promise<ProcStat[]> {
  const names = await readdir('/proc')
  return names.flatMap((name) => (/^\d+$/.test(name) ? (readStat(name) ?? []) : []))
}

/** A process that can be seen; `undefined` for one that has ended. */
export function readStat(pid: number | string): ProcStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return undefined
  }
}

/** A file below `/proc`, or `undefined` when the process has ended or is not ours. */
export async function readProc(path: string): Promise<string | undefined> {
  return readFile(`/proc/${path}`, 'latin1').catch(() => undefined)
}

/** A process's command and arguments; the name in brackets for one that hides them. */
export async function commandLine(stat: ProcStat): Promise<string> {
  const raw = (await readProc(`${stat.pid}/cmdline`)) ?? ''
  const text = Buffer.from(raw, 'latin1').toString('utf8').replaceAll('\0', ' ').trim()
  return text === '' ? `[${stat.command}]` : text
}

/** Inodes of the sockets that a process holds. */
export async function socketInodes(pid: number): Promise<number[]> {
  const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => [])
  const links = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')))
  return links.flatMap((link) => {
    const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
    return inode === undefined ? [] : [Number(inode)]
  })
}
