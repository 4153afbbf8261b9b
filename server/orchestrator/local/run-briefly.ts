import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MAX_TOOL_OUTPUT_BYTES } from './limits.ts'
import { launch } from './launch.ts'
import type { LaunchOptions } from './launch.ts'
import { findProcesses, identify, signal } from './processes.ts'

export interface BriefRun {
  isOk: boolean
  output: string
}

/** Runs a command to its end the way a sandbox's part is run. At the time limit it is killed, and has failed. */
export async function runBriefly(options: Omit<LaunchOptions, 'logFile'>, limitMs: number): Promise<BriefRun> {
  const folder = await mkdtemp(join(tmpdir(), 'devex-run-'))
  const logFile = join(folder, 'output')
  try {
    const { child } = await launch({ ...options, logFile })
    const code = await new Promise<number | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), limitMs)
      const finish = (value: number | null) => {
        clearTimeout(timer)
        resolve(value)
      }
      child.ref()
      child.once('error', () => finish(null))
      child.once('exit', finish)
    })
    const roots = child.pid === undefined ? [] : (identify(child.pid) ?? [])
    for (const id of await findProcesses(options.sandboxId, [roots].flat())) signal(id, 'SIGKILL')
    const output = (await readFile(logFile)).subarray(0, MAX_TOOL_OUTPUT_BYTES).toString('utf8')
    return { isOk: code === 0, output }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
