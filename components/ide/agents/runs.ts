import { z } from 'zod'
import type { AgentCall } from '#protocol/agents.ts'

/** What an agent did without a pause: its calls, newest first. */
export interface Run {
  id: string
  client: string
  actor: string
  startedAt: number
  calls: AgentCall[]
  isRunning: boolean
  /** The snapshot from before its first change, by which it can be undone; absent where it changed nothing. */
  checkpoint?: string
}

/** Calls (newest first) by run, the run with the newest call first. */
export function runsOf(calls: readonly AgentCall[]): Run[] {
  const runs = new Map<string, Run>()
  for (const call of calls) {
    const { run: id, client, actor, startedAt } = call
    const run = runs.get(id) ?? { id, client, actor, startedAt, calls: [], isRunning: false }
    runs.set(id, run)
    run.calls.push(call)
    run.startedAt = Math.min(run.startedAt, startedAt)
    run.isRunning ||= call.endedAt === undefined
    if (call.checkpoint !== undefined) run.checkpoint = call.checkpoint
  }
  return [...runs.values()]
}

const said = z.object({
  command: z.string().optional(),
  path: z.string().optional(),
  pattern: z.string().optional(),
  from: z.string().optional(),
  process_id: z.string().optional(),
  port: z.number().optional(),
  name: z.string().optional(),
})

/** The one argument that tells what a call is about: its command, its path, what it looks for. */
export function aboutOf({ args }: Pick<AgentCall, 'args'>): string {
  const { command, path, pattern, from, process_id, port, name } = said.safeParse(parsed(args)).data ?? {}
  const about = command ?? path ?? pattern ?? from ?? process_id ?? port?.toString() ?? name ?? ''
  return about.split('\n')[0] ?? ''
}

/** Arguments for reading: indented, and as they came where they are no JSON (cut short, for example). */
export function readableArgs(args: string): string {
  const value = parsed(args)
  return value === undefined ? args : JSON.stringify(value, null, 2).replaceAll('\\n', '\n  ')
}

/** What a tool does, for people: `Ran`, `Edited`. */
export function verbOf(tool: string, isRunning: boolean): string {
  const [now, then] = VERBS[tool] ?? [`Calling ${tool}`, tool]
  return isRunning ? now : then
}

const VERBS: Record<string, readonly [now: string, then: string]> = {
  exec: ['Running', 'Ran'],
  process_output: ['Reading output of', 'Read output of'],
  process_input: ['Typing into', 'Typed into'],
  process_signal: ['Signalling', 'Signalled'],
  process_list: ['Listing processes', 'Listed processes'],
  wait_for: ['Waiting for', 'Waited for'],
  read_file: ['Reading', 'Read'],
  write_file: ['Writing', 'Wrote'],
  edit_file: ['Editing', 'Edited'],
  apply_patch: ['Applying a patch', 'Applied a patch'],
  list_dir: ['Listing', 'Listed'],
  glob: ['Finding', 'Found'],
  grep: ['Searching for', 'Searched for'],
  move_path: ['Moving', 'Moved'],
  delete_path: ['Deleting', 'Deleted'],
  preview_url: ['Opening port', 'Opened port'],
  repl_info: ['Looking at the REPL', 'Looked at the REPL'],
  checkpoint: ['Taking a checkpoint', 'Took a checkpoint'],
  stop_repl: ['Stopping the REPL', 'Stopped the REPL'],
}

function parsed(args: string): unknown {
  try {
    return JSON.parse(args)
  } catch {
    return undefined
  }
}
