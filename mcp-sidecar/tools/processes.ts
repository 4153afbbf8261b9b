import * as definitions from '#protocol/tools/commands.ts'
import { RESULT_CHARS } from '#protocol/tools/limits.ts'
import type { Process } from '#wire/gen/runner.ts'
import { Origin } from '#wire/gen/runner.ts'
import { SidecarError } from '../sidecar-error.ts'
import { follow } from './follow.ts'
import { MAX_LISTED_COMMAND_CHARS, MAX_LISTED_PROCESSES, SETTLE_MS } from './limits.ts'
import { Output, cutMiddle, joinLines } from './output.ts'
import { handleOf, idOf, known, metaOf, readsOn, statusOf, trailer } from './process-view.ts'
import { recordTool, textTool } from './tool.ts'
import type { TextAnswer, ToolContext } from './tool.ts'

/** Bytes to look through for so many lines. */
const BYTES_PER_LINE = 200
const MAX_TAIL_BYTES = 1024 * 1024

export const processOutput = textTool(definitions.processOutput, async (args, context) => {
  const id = idOf(args.process_id)
  if (args.tail_lines !== undefined)
    return tail({ id, lines: args.tail_lines, maxChars: args.max_output_chars }, context)
  if (args.cursor !== undefined) await refuseBeyondEnd(args.cursor, args.process_id, context)
  const cursor = args.cursor ?? context.cursors.get(context.caller.connection, id) ?? 0
  return readOn({ id, cursor, waitMs: args.wait_ms, maxChars: args.max_output_chars }, context)
})

/** From there on nothing would ever be read: models take a line's number for a cursor, or that of another process. */
async function refuseBeyondEnd(cursor: number, handle: string, { runner }: ToolContext): Promise<void> {
  const { logEnd } = await known(handle, runner.processes.get(idOf(handle)))
  if (cursor > logEnd)
    throw new SidecarError('bad_request', `The output of ${handle} ends at ${logEnd}: there is no cursor ${cursor}.`, {
      advice: 'Leave cursor out to read on from your last look.',
    })
}

export const processInput = textTool(definitions.processInput, async (args, context) => {
  const id = idOf(args.process_id)
  const before = await known(args.process_id, context.runner.processes.get(id))
  if (before.exit !== undefined)
    throw new SidecarError('conflict', 'This process has ended, so nothing was typed.', {
      advice: 'Start it again with exec.',
    })
  const end = args.submit ? (before.tty ? '\r' : '\n') : ''
  await context.runner.processes.writeStdin({ id, input: Buffer.from(args.text + end) }).catch((error: unknown) => {
    if (before.tty || !(error instanceof SidecarError) || error.code !== 'conflict') throw error
    throw new SidecarError('conflict', 'This process has no open standard input.', {
      advice: 'Start it with tty: true to type into it, or give exec all of it as stdin.',
      cause: error,
    })
  })
  const seen = context.cursors.get(context.caller.connection, id)
  const cursor = Math.min(seen ?? before.logEnd, before.logEnd)
  const skips = seen === undefined
  const more = { waitMs: args.wait_ms, maxChars: RESULT_CHARS, typedAt: before.logEnd, skips }
  return readOn({ id, cursor, ...more }, context)
})

interface ReadOn {
  id: string
  cursor: number
  waitMs: number
  maxChars: number
  /** Where the output stood when something was typed: what follows is waited for, not what came before. */
  typedAt?: number
  /** Nobody has seen what comes before the cursor: reading on begins there all the same. */
  skips?: boolean
}

async function readOn(
  { id, cursor, waitMs, maxChars, typedAt = cursor, skips = false }: ReadOn,
  context: ToolContext,
): Promise<TextAnswer> {
  const { runner, signal, progress } = context
  const handle = handleOf(id)
  const output = new Output(cursor)
  const read = await known(handle, runner.processes.readOutput({ id, cursor }))
  for (const piece of read.output) output.add(piece)
  output.end = Math.max(output.end, read.nextCursor)
  let process = read.process
  if (output.end <= typedAt && process.exit === undefined && waitMs > 0) {
    const open = (ended: AbortSignal) => runner.processes.connect({ id, cursor: output.end }, { signal: ended })
    process = (await follow(open, { output, waitMs, settleMs: SETTLE_MS, progress, signal })) ?? process
  }
  if (process.exit === undefined) process = await runner.processes.get(id)
  return answer({ output, process, maxChars, skips }, context)
}

async function tail(
  { id, lines, maxChars }: { id: string; lines: number; maxChars: number },
  context: ToolContext,
): Promise<TextAnswer> {
  const tailBytes = Math.min(MAX_TAIL_BYTES, lines * BYTES_PER_LINE)
  const read = await known(handleOf(id), context.runner.processes.readOutput({ id, tailBytes }))
  const text = Buffer.concat(read.output.map(({ data }) => data)).toString('utf8')
  const ended = text.endsWith('\n') ? lines + 1 : lines
  const data = Buffer.from(text.split('\n').slice(-ended).join('\n'))
  const output = new Output(read.nextCursor - data.length)
  output.add({ data, cursor: read.nextCursor - data.length, lost: 0 })
  return answer({ output, process: read.process, maxChars }, context)
}

function answer(
  { output, process, maxChars, skips = false }: { output: Output; process: Process; maxChars: number; skips?: boolean },
  { cursors, caller }: ToolContext,
): TextAnswer {
  const elapsed = (process.endedAt ?? Date.now()) - process.startedAt
  const { text, isCut } = output.render(maxChars, readsOn(process))
  if (!skips) cursors.set(caller.connection, process.processId, output.end)
  return {
    text: joinLines(text, `${trailer(process, elapsed).slice(0, -1)} · next cursor ${output.end}]`),
    meta: { ...metaOf(process, elapsed), truncated: isCut, next_cursor: output.end },
  }
}

export const processSignal = recordTool(definitions.processSignal, async (args, { runner }) => {
  const id = idOf(args.process_id)
  // To an ended one too: a job that it left in the background gets it.
  const sent = runner.processes.signal({ id, signal: `SIG${args.signal}` })
  await known(args.process_id, sent).catch((error: unknown) => {
    // Nothing of it is left, which is what was asked for.
    if (!(error instanceof SidecarError) || error.code !== 'conflict') throw error
  })
  // Long enough for what ends at once; a program may also catch the signal and go on.
  const process = await runner.processes.wait(id, SETTLE_MS)
  return {
    process_id: args.process_id,
    status: statusOf(process),
    ...(process.exit?.code !== undefined && { exit_code: process.exit.code }),
    ...(process.exit?.signal !== undefined && { signal: process.exit.signal }),
  }
})

export const processList = recordTool(definitions.processList, async (args, { runner }) => {
  const [processes, open] = await Promise.all([runner.processes.list({ includeExited: true }), runner.ports.list()])
  const portsOf = ({ processId }: Process) =>
    open.filter((each) => each.processId === processId).map(({ port }) => port)
  // What has ended and left a server behind is why its port is taken.
  const meant = processes.filter(
    (process) => args.include_exited || process.exit === undefined || portsOf(process).length > 0,
  )
  const shown = meant.toSorted((a, b) => b.startedAt - a.startedAt).slice(0, MAX_LISTED_PROCESSES)
  return {
    ...(shown.length < meant.length && { left_out: meant.length - shown.length }),
    processes: shown.map((process) => ({
      process_id: handleOf(process.processId),
      command: cutMiddle(process.command, MAX_LISTED_COMMAND_CHARS, 'it is long'),
      cwd: process.cwd,
      status: statusOf(process),
      started_at: new Date(process.startedAt).toISOString(),
      ...(process.exit?.code !== undefined && { exit_code: process.exit.code }),
      origin: originOf(process),
      ports: portsOf(process),
    })),
  }
})

function originOf(process: Process): 'agent' | 'terminal' | 'run' {
  if (process.origin === Origin.AGENT) return 'agent'
  return process.origin === Origin.RUN ? 'run' : 'terminal'
}
