import type { Processes } from '../processes/processes.ts'
import { MAX_BUSY_COMMANDS, MAX_BUSY_COMMAND_CHARS } from '../limits.ts'
import type { Terminal } from './terminal.ts'

/**
 * The commands that would end with a terminal, who began first first: of a shell what it started, of anything else the
 * program itself. Nothing for a shell that waits at its prompt, or one that has ended.
 */
export async function busyWith(terminal: Terminal, processes: Pick<Processes, 'list'>): Promise<string[]> {
  const { id, kind, exit } = terminal.info()
  if (exit !== undefined) return []
  const own = (await processes.list()).filter((one) => one.terminal === id)
  const running = kind === 'shell' ? own.filter(({ pid }) => pid !== terminal.pid) : own
  const pids = new Set(running.map(({ pid }) => pid))
  return running
    .filter(({ parent }) => !pids.has(parent))
    .slice(0, MAX_BUSY_COMMANDS)
    .map(({ command }) => command.slice(0, MAX_BUSY_COMMAND_CHARS))
}
