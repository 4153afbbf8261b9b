import type { RunnerApi } from '../runner/runner-api.ts'
import { ASK_TIMEOUT_MS } from './limits.ts'
import { Output } from './output.ts'

interface Program {
  command: string[]
  actor: string
  name: string
  env?: Record<string, string>
}

/** What a small program of the sandbox says: its output, and its exit code. */
export async function askProgram(
  runner: RunnerApi,
  { command, actor, name, env = {} }: Program,
  signal: AbortSignal,
): Promise<{ text: string; code: number | undefined }> {
  const output = new Output(0)
  let code: number | undefined
  const started = runner.processes.start({ command, actor, name, env, timeoutMs: ASK_TIMEOUT_MS }, { signal })
  for await (const event of started) {
    if (event.type === 'output') output.add(event)
    if (event.type === 'ended') code = event.process.exit?.code
  }
  return { text: output.render(1_000_000, () => 'use exec').text, code }
}
