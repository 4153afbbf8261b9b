import { execFile } from 'node:child_process'
import { MAX_TOOL_OUTPUT_BYTES, TOOL_TIMEOUT_MS } from './limits.ts'

/** A helper program that did not end well: what it was and the last it said. */
export class ToolError extends Error {
  override readonly name = 'ToolError'
}

interface ToolOptions {
  /** Given on standard input. */
  input?: string
  timeoutMs?: number
}

/** Runs a program of this machine (never a shell line) and returns its output. Ends it at the time limit. */
export function runTool(argv: readonly [string, ...string[]], options: ToolOptions = {}): Promise<string> {
  const [program, ...args] = argv
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { timeout: options.timeoutMs ?? TOOL_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: MAX_TOOL_OUTPUT_BYTES },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else
          reject(new ToolError(`${program}: ${stderr.trim() === '' ? error.message : stderr.trim()}`, { cause: error }))
      },
    )
    // A program that ends without reading its input is told apart by its exit code, not by a broken pipe.
    child.stdin?.on('error', () => {})
    child.stdin?.end(options.input ?? '')
  })
}
