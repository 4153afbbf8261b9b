import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ROOT } from './root.ts'

/** Runs a tool of `node_modules` with this Node, its output on ours; throws if it fails. */
export async function runTool(script: string, args: string[], env: Record<string, string> = {}): Promise<void> {
  const code = await exitCodeOf(script, args, env)
  if (code !== 0) throw new Error(`${script} ${args.join(' ')} ended with ${code}`)
}

/** The same, answering the exit code. */
export function exitCodeOf(script: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  const child = spawn(process.execPath, [join(ROOT, 'node_modules', script), ...args], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 1))
  })
}
