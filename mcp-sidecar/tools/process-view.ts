import type { Process } from '#wire/gen/runner.ts'
import { SidecarError } from '../sidecar-error.ts'

/** A process as agents call it: `p_` and its id in the terminal hub. */
export function handleOf(id: string): string {
  return `p_${id}`
}

/** The hub's id of a handle. */
export function idOf(handle: string): string {
  return handle.slice('p_'.length)
}

/** How the output of a process is read from a cursor on. */
export function readsOn({ processId }: Process): (cursor: number) => string {
  return (cursor) => `process_output with process_id ${handleOf(processId)} and cursor ${cursor} reads on from there`
}

/** How a process stands, in the last line of a result. */
export function trailer(process: Process, elapsedMs: number): string {
  const time = `${(elapsedMs / 1000).toFixed(1)} s`
  const { exit } = process
  if (exit === undefined) return `[running · process_id ${handleOf(process.processId)} · ${time}]`
  if (exit.timedOut) return `[ended because its time was up · ${time}]`
  if (exit.signal !== undefined) return `[ended by ${exit.signal} · ${time}]`
  return `[exit ${exit.code ?? '?'} · ${time}]`
}

/** The machine's half of a result. */
export function metaOf(process: Process, elapsedMs: number): Record<string, unknown> {
  return {
    process_id: handleOf(process.processId),
    status: statusOf(process),
    ...(process.exit?.code !== undefined && { exit_code: process.exit.code }),
    ...(process.exit?.signal !== undefined && { signal: process.exit.signal }),
    duration_ms: Math.round(elapsedMs),
    cwd: process.cwd,
    log_uri: `repl://process/${handleOf(process.processId)}/log`,
  }
}

export function statusOf(process: Process): 'running' | 'exited' {
  return process.exit === undefined ? 'running' : 'exited'
}

/** Says where to look for the handles of processes, should this one not be known. */
export async function known<T>(handle: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof SidecarError) || error.code !== 'not_found') throw error
    throw new SidecarError('not_found', `There is no process ${handle} in this REPL.`, {
      advice:
        'process_list shows which there are. Processes do not outlive a stop of the REPL: start it again with exec.',
      cause: error,
    })
  }
}
