import { execFile } from 'node:child_process'
import { isProcessEnvironment } from './helper-messages.ts'
import { LOGIN_ENVIRONMENT_TIMEOUT_MS, MAX_ENVIRONMENT_BYTES } from './limits.ts'

/** What a shell says of itself, which is not for those that come after it. */
const OWN = new Set(['_', 'PWD', 'OLDPWD', 'SHLVL', 'DEVEX_PATH'])

/**
 * The environment that a login shell started with `plain` ends up with, so that commands find what the user's profile
 * sets up without each reading it. A profile that fails or hangs: the plain one.
 */
export async function loginEnvironment(plain: Record<string, string>, cwd: string): Promise<Record<string, string>> {
  if (!isProcessEnvironment(plain)) return plain
  const text = await new Promise<string | undefined>((resolve) => {
    const child = execFile(
      '/bin/bash',
      ['-lc', 'printf "\\0begin\\0"; exec env -0'],
      {
        env: plain,
        cwd,
        timeout: LOGIN_ENVIRONMENT_TIMEOUT_MS,
        maxBuffer: MAX_ENVIRONMENT_BYTES,
      },
      (error, stdout) => resolve(error === null ? stdout : undefined),
    )
    child.stdin?.end()
  })
  // A profile may print something of its own first.
  const [, said] = text?.split('\0begin\0') ?? []
  if (said === undefined) return plain
  const pairs = said.split('\0').flatMap((line): [string, string][] => {
    const at = line.indexOf('=')
    const name = line.slice(0, at)
    return at <= 0 || OWN.has(name) ? [] : [[name, line.slice(at + 1)]]
  })
  return Object.fromEntries(pairs)
}
