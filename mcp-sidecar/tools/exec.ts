import * as z from 'zod'
import * as definitions from '#protocol/tools/commands.ts'
import { MAX_YIELD_MS } from '#protocol/tools/limits.ts'
import { SidecarError } from '../sidecar-error.ts'
import { follow } from './follow.ts'
import { Output, joinLines } from './output.ts'
import { metaOf, readsOn, trailer } from './process-view.ts'
import { textTool } from './tool.ts'

const environmentSchema = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string())

/** A terminal for programs that want one. */
const TTY = { cols: 120, rows: 40 }

/** Runs a command among the terminals that people see, and waits for it a while. */
export const exec = textTool(definitions.exec, async (args, context) => {
  const { caller, runner, cursors, signal, progress, isHeard, note } = context
  const startedAt = performance.now()
  const output = new Output(0)
  let id: string | undefined
  const env = parseEnvironment(args.env_json)
  const process = await follow(
    (ended) =>
      runner.processes.start(
        {
          command: args.command,
          actor: caller.client,
          ...(args.cwd !== undefined && { cwd: args.cwd }),
          ...(env !== undefined && { env }),
          ...(args.tty && { pty: TTY }),
          ...(args.stdin !== undefined && { stdin: Buffer.from(args.stdin) }),
          ...(args.timeout_ms !== undefined && { timeoutMs: args.timeout_ms }),
        },
        { signal: ended },
      ),
    {
      output,
      isStart: true,
      waitMs: longestWait(args.yield_ms, isHeard),
      progress,
      signal,
      onProcess: (started) => {
        if (id === undefined) note({ terminal: started.processId })
        id = started.processId
      },
    },
  )
  if (process === undefined)
    throw new SidecarError('timeout', 'The command was not started in time.', {
      advice: 'process_list shows whether it runs by now. Try again with a longer yield_ms.',
    })
  if (signal.aborted && process.exit === undefined) {
    await runner.processes.cancel(process.processId)
    throw new SidecarError('timeout', 'The call was cancelled, so its command was ended.')
  }
  const elapsed = performance.now() - startedAt
  const { text, isCut } = output.render(args.max_output_chars, readsOn(process))
  cursors.set(caller.connection, process.processId, output.end)
  return {
    text: joinLines(text, trailer(process, elapsed)),
    meta: { ...metaOf(process, elapsed), stdout_chars: output.chars, truncated: isCut, cursor: output.end },
  }
})

/** A call of which nothing is heard is given up after a minute, wherefore it answers before; its command goes on. */
export function longestWait(asked: number, isHeard: boolean): number {
  return isHeard ? asked : Math.min(asked, MAX_YIELD_MS)
}

function parseEnvironment(json: string | undefined): Record<string, string> | undefined {
  if (json === undefined) return undefined
  try {
    return environmentSchema.parse(JSON.parse(json))
  } catch (cause) {
    throw new SidecarError('bad_request', 'env_json is not a JSON object of strings.', {
      advice: String.raw`Write it like {"NAME":"value"}.`,
      cause,
    })
  }
}
