import { waitFor as definition } from '#protocol/tools/commands.ts'
import type { Process } from '#wire/gen/runner.ts'
import { SidecarError } from '../sidecar-error.ts'
import { follow } from './follow.ts'
import { Output } from './output.ts'
import { idOf, known } from './process-view.ts'
import { recordTool } from './tool.ts'
import type { ToolContext } from './tool.ts'

interface Waited {
  ready: boolean
  evidence: string
}

/** Waits for a port, an answer over HTTP, what a process says, or its end. */
export const waitFor = recordTool(definition, async (args, context) => {
  const startedAt = performance.now()
  const { port, http_path: path, process_id: handle, pattern, wait_ms: waitMs } = args
  let waited: Waited
  if (handle !== undefined && pattern !== undefined && port === undefined)
    waited = await forText({ handle, pattern, waitMs }, context)
  else if (handle !== undefined && pattern === undefined && port === undefined && path === undefined)
    waited = await forEnd({ handle, waitMs }, context)
  else if (port !== undefined && path !== undefined && handle === undefined)
    waited = await forAnswer({ port, path, waitMs }, context)
  else if (port !== undefined && handle === undefined && pattern === undefined)
    waited = await forPort({ port, waitMs }, context)
  else
    throw new SidecarError('bad_request', 'It is not clear what to wait for.', {
      advice: 'Give port, or port and http_path, or process_id and pattern, or process_id alone.',
    })
  return { ...waited, elapsed_ms: Math.round(performance.now() - startedAt) }
})

async function forPort({ port, waitMs }: { port: number; waitMs: number }, context: ToolContext): Promise<Waited> {
  const over = AbortSignal.any([AbortSignal.timeout(waitMs), context.signal])
  try {
    for await (const ports of context.runner.ports.watch({ signal: over })) {
      const found = ports.find((each) => each.port === port)
      if (found !== undefined) return { ready: true, evidence: `${found.command ?? 'something'} listens on ${port}` }
      context.progress(`waiting for port ${port}`)
    }
  } catch (error) {
    if (!over.aborted) throw error
  }
  const seen = await context.runner.ports.list()
  const others = seen.map((each) => each.port).join(', ')
  return { ready: false, evidence: `nothing listens on ${port}; ports that are open: ${others || 'none'}` }
}

async function forText(
  { handle, pattern, waitMs }: { handle: string; pattern: string; waitMs: number },
  { runner, signal, progress }: ToolContext,
): Promise<Waited> {
  const id = idOf(handle)
  const { logStart } = await known(handle, runner.processes.get(id))
  const output = new Output(logStart)
  const search = new Search(pattern)
  const open = async function* (ended: AbortSignal) {
    for await (const event of runner.processes.connect({ id, cursor: logStart }, { signal: ended })) {
      if (event.type === 'output') search.add(event.data)
      yield event
    }
  }
  const process = await follow(open, { output, waitMs, until: () => search.line !== undefined, progress, signal })
  if (search.line !== undefined) return { ready: true, evidence: search.line }
  if (process?.exit !== undefined)
    return { ready: false, evidence: `the process ended without it; its last line: ${output.lastLine}` }
  const isRegExp = /[\\^$.*+?|()[\]{}]/.test(pattern) ? ' (pattern is plain text, not a regular expression)' : ''
  return { ready: false, evidence: `not yet; the last line: ${output.lastLine}${isRegExp}` }
}

async function forEnd(
  { handle, waitMs }: { handle: string; waitMs: number },
  { runner, signal, progress }: ToolContext,
): Promise<Waited> {
  const id = idOf(handle)
  const { logStart } = await known(handle, runner.processes.get(id))
  const output = new Output(logStart)
  const open = (ended: AbortSignal) => runner.processes.connect({ id, cursor: logStart }, { signal: ended })
  const process = await follow(open, { output, waitMs, progress, signal })
  const said = `the last line: ${output.lastLine}`
  if (process?.exit === undefined) return { ready: false, evidence: `it still runs; ${said}` }
  return { ready: true, evidence: `${outcomeOf(process.exit)}; ${said}` }
}

function outcomeOf({ code, signal, timedOut }: NonNullable<Process['exit']>): string {
  if (timedOut) return 'its time was up'
  return signal === undefined ? `exit ${code ?? '?'}` : `ended by ${signal}`
}

/** Looks for a text in what comes in pieces. */
class Search {
  readonly #wanted: string
  #recent = ''
  /** The line that it was found in. */
  line: string | undefined

  constructor(wanted: string) {
    this.#wanted = wanted
  }

  add(data: Uint8Array): void {
    const text = this.#recent + Buffer.from(data).toString('utf8')
    const at = text.indexOf(this.#wanted)
    if (at !== -1) {
      const end = text.indexOf('\n', at + this.#wanted.length)
      this.line ??= text
        .slice(text.lastIndexOf('\n', at) + 1, end === -1 ? undefined : end)
        .trim()
        .slice(0, 500)
    }
    this.#recent = text.slice(-(this.#wanted.length + 500))
  }
}

/**
 * Asks from inside the sandbox, once a program of its own listens: where sandboxes share their loopback, a port number
 * alone would reach the others' programs, and who may only read could ask them.
 */
async function forAnswer(
  { port, path, waitMs }: { port: number; path: string; waitMs: number },
  context: ToolContext,
): Promise<Waited> {
  const { runner, caller, signal, progress } = context
  if (/[\r\n\s]/.test(path))
    throw new SidecarError('bad_request', 'http_path has white space in it.', { advice: 'Write it as in a URL.' })
  const startedAt = performance.now()
  const listening = await forPort({ port, waitMs }, context)
  if (!listening.ready) return listening
  const restMs = Math.max(1, Math.round(waitMs - (performance.now() - startedAt)))
  const output = new Output(0)
  const process = await follow(
    (ended) =>
      runner.processes.start(
        {
          command: ['bash', '-c', ASK_UNTIL_ANSWERED, 'wait_for', String(port), path],
          actor: caller.client,
          name: `wait for :${port}${path}`.slice(0, 60),
          timeoutMs: restMs,
        },
        { signal: ended },
      ),
    { output, isStart: true, waitMs: restMs + 1000, progress, signal },
  )
  if (signal.aborted && process !== undefined && process.exit === undefined)
    await runner.processes.cancel(process.processId)
  const line = output.lastLine
  if (process?.exit?.code === 0) return { ready: true, evidence: line }
  return { ready: false, evidence: line === '' ? `nothing answers on ${port}` : `the last answer was: ${line}` }
}

/** Bash speaks TCP by itself; curl need not be there. Below 500 is an answer. */
const ASK_UNTIL_ANSWERED = `
while :; do
  if exec 3<>"/dev/tcp/127.0.0.1/$1" || exec 3<>"/dev/tcp/::1/$1"; then
    printf 'GET %s HTTP/1.1\\r\\nHost: localhost:%s\\r\\nConnection: close\\r\\n\\r\\n' "$2" "$1" >&3
    IFS= read -r -t 5 line <&3
    exec 3>&- 3<&-
    line=\${line%$'\\r'}
    if [[ $line == HTTP/* ]]; then
      echo "$line"
      status=\${line#* }
      if (( \${status%% *} < 500 )); then exit 0; fi
    fi
  fi 2>/dev/null
  sleep 0.2
done`
