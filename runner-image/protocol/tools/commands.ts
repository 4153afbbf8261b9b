import * as z from 'zod'
import { maxOutputChars, pathArgument, processIdArgument } from './arguments.ts'
import { recordTool, textTool } from './definition.ts'
import {
  DEFAULT_YIELD_MS,
  MAX_COMMAND_CHARS,
  MAX_PATTERN_CHARS,
  MAX_TIMEOUT_MS,
  MAX_TOLD_YIELD_MS,
  MAX_YIELD_MS,
} from './limits.ts'

const waitMs = z.int().min(0).max(MAX_YIELD_MS)

export const exec = textTool({
  name: 'exec',
  title: 'Run a command',
  description:
    'Runs a command with bash in the workspace. Waits up to yield_ms; what still runs then goes on, and the result ends with a process_id for process_output, process_input, process_signal and wait_for. The last line says how it ended: [exit 0 · 1.2 s] or [running · process_id p_… · 10.0 s]. People in this REPL see the command in a terminal and can stop it. Start servers the same way; they keep running.',
  input: z.strictObject({
    command: z.string().min(1).max(MAX_COMMAND_CHARS).describe('The command line, as for bash -c.'),
    cwd: pathArgument
      .optional()
      .describe('Folder to run in, absolute or relative to the workspace. Default: the workspace.'),
    env_json: z
      .string()
      .max(MAX_COMMAND_CHARS)
      .optional()
      .describe('More environment variables, as a JSON object of strings.'),
    stdin: z.string().max(MAX_COMMAND_CHARS).optional().describe('Text for standard input, which then ends.'),
    tty: z.boolean().default(false).describe('Give it a terminal: for programs that ask or draw.'),
    yield_ms: z
      .int()
      .min(0)
      .max(MAX_TOLD_YIELD_MS)
      .default(DEFAULT_YIELD_MS)
      .describe(
        `How long to wait for the end before answering. Above ${MAX_YIELD_MS} only where your client asks for progress.`,
      ),
    timeout_ms: z.int().min(1).max(MAX_TIMEOUT_MS).optional().describe('End it after so long. Default: never.'),
    max_output_chars: maxOutputChars,
  }),
  hints: 'DO',
  scope: 'repl:exec',
  alwaysLoad: true,
})

export const processOutput = textTool({
  name: 'process_output',
  title: 'Read the output of a process',
  description:
    'Reads what a process has written: since your last look, from a cursor, or its last lines. wait_ms waits for more output or the end. The last line says whether it still runs.',
  input: z.strictObject({
    process_id: processIdArgument,
    cursor: z
      .int()
      .min(0)
      .optional()
      .describe('Offset to read from, as a result gave it. Default: where your last result ended.'),
    tail_lines: z.int().min(1).max(10_000).optional().describe('Only the last lines, instead of a cursor.'),
    wait_ms: waitMs.default(0).describe('How long to wait for more output, or the end.'),
    max_output_chars: maxOutputChars,
  }),
  hints: 'RI',
  scope: 'repl:read',
})

export const processInput = textTool({
  name: 'process_input',
  title: 'Type into a process',
  description:
    'Writes to the standard input of a running process, then gives its new output. "\\u0003" interrupts where it has a terminal.',
  input: z.strictObject({
    process_id: processIdArgument,
    text: z.string().max(MAX_COMMAND_CHARS).describe('What to type.'),
    submit: z.boolean().default(true).describe('Add a line break at the end.'),
    wait_ms: waitMs.default(1000).describe('How long to wait for output.'),
  }),
  hints: 'DO',
  scope: 'repl:exec',
})

const status = z.enum(['running', 'exited'])

export const processSignal = recordTool({
  name: 'process_signal',
  title: 'Signal a process',
  description: 'Sends a signal to a process and all that it started. INT first; KILL if it does not end.',
  input: z.strictObject({ process_id: processIdArgument, signal: z.enum(['INT', 'TERM', 'KILL', 'HUP']) }),
  output: z.object({
    process_id: z.string(),
    status,
    exit_code: z.int().optional(),
    signal: z.string().optional(),
  }),
  hints: 'DI',
  scope: 'repl:exec',
})

export const processList = recordTool({
  name: 'process_list',
  title: 'List processes',
  description:
    'Lists the commands that agents started here and the terminals of the people, the newest first, with the ports that they, or what they left running, listen on.',
  input: z.strictObject({ include_exited: z.boolean().default(false).describe('Also those that have ended.') }),
  output: z.object({
    left_out: z.int().optional().describe('Older ones that are not shown.'),
    processes: z.array(
      z.object({
        process_id: z.string(),
        command: z.string(),
        cwd: z.string(),
        status,
        started_at: z.string(),
        exit_code: z.int().optional(),
        origin: z.enum(['agent', 'terminal', 'run']),
        ports: z.array(z.int()),
      }),
    ),
  }),
  hints: 'RI',
  scope: 'repl:read',
})

export const waitFor = recordTool({
  name: 'wait_for',
  title: 'Wait until something is ready',
  description:
    'Waits until a port listens, an HTTP path answers below 500, a process writes a text, or a process ends. Give port, port and http_path, process_id and pattern, or process_id alone.',
  input: z.strictObject({
    port: z.int().min(1).max(65535).optional().describe('A port of this REPL.'),
    http_path: z.string().startsWith('/').max(2000).optional().describe('Path on that port to ask for.'),
    process_id: processIdArgument.optional(),
    pattern: z
      .string()
      .min(1)
      .max(MAX_PATTERN_CHARS)
      .optional()
      .describe('Plain text (no regular expression) that the output of the process shall contain.'),
    wait_ms: waitMs.default(DEFAULT_YIELD_MS).describe('How long to wait.'),
  }),
  output: z.object({ ready: z.boolean(), elapsed_ms: z.int(), evidence: z.string() }),
  hints: 'RI',
  scope: 'repl:read',
})
