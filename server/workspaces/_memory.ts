import { randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const MIB = 1024 * 1024
const SETTLE_STEP_MS = 100
const SETTLE_STEPS = 5

/** Fills a workspace with files that cannot be compressed, one that has more holes than bytes, and many small ones. */
export function makeLargeTree(
  workspace: string,
  { solidMib, sparseMib, smallFiles }: { solidMib: number; sparseMib: number; smallFiles: number },
): void {
  const block = Buffer.alloc(16 * MIB)
  const solid = openSync(join(workspace, 'solid'), 'w')
  for (let written = 0; written < solidMib * MIB; written += block.length)
    writeSync(solid, randomFillSync(block), 0, Math.min(block.length, solidMib * MIB - written))
  closeSync(solid)
  writeFileSync(join(workspace, 'sparse'), 'begins')
  truncateSync(join(workspace, 'sparse'), sparseMib * MIB)
  writeFileSync(join(workspace, 'sparse'), 'ends', { flag: 'a' })
  for (let at = 0; at < smallFiles; at += 1) {
    const folder = join(workspace, `small-${Math.floor(at / 100)}`)
    if (at % 100 === 0) mkdirSync(folder)
    writeFileSync(join(folder, `file-${at}`), `file number ${at}\n`.repeat(100))
  }
}

/** MiB that a process has in memory now, once that holds still. */
export async function settledMib(pid: number): Promise<number> {
  for (let still = 0, last = 0; ;) {
    const now = mibOf(pid, 'VmRSS')
    still = Math.abs(now - last) < 1 ? still + 1 : 0
    last = now
    if (still === SETTLE_STEPS) return now
    await delay(SETTLE_STEP_MS)
  }
}

/** What `work` takes a process to at most, in MiB (proc(5): 5 into `clear_refs` sets the peak back). */
export async function peakMibDuring(pid: number, work: () => Promise<unknown>): Promise<number> {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
  await work()
  return mibOf(pid, 'VmHWM')
}

function mibOf(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kib] = new RegExp(String.raw`${field}:\s+(\d+) kB`).exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1024
}
