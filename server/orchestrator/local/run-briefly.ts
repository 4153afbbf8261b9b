import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { MAX_TOOL_OUTPUT_BYTES } from './limits.ts'
import { launch } from './launch.ts'
import type { LaunchOptions } from './launch.ts'
import { findProcesses, identify, terminate } from './processes.ts'

export interface BriefRun {
  isOk: boolean
  output: string
}

/** Runs a command to its end the way a sandbox's part is run. At the time limit it is killed, and has failed. */
export async function runBriefly(options: Omit<LaunchOptions, 'logFile'>, limitMs: number): Promise<BriefRun> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-run-'))
  const logFile = join(folder, 'output')
  try {
    const { child, ended } = await launch({ ...options, logFile })
    child.ref()
    const code = await Promise.race([ended, delay(limitMs, null, { ref: false })])
    if (code === null) await killAll(options.sandboxId, child.pid)
    const output = (await readFile(logFile)).subarray(0, MAX_TOOL_OUTPUT_BYTES).toString('utf8')
    return { isOk: code === 0, output }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function killAll(sandboxId: string, pid: number | undefined): Promise<void> {
  const root = pid === undefined ? undefined : identify(pid)
  await terminate([], () => findProcesses(sandboxId, root === undefined ? [] : [root]))
}
