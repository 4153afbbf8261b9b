/**
 * What runner and exec helper tell each other, as JSON within their frames. Both are of one build and nobody else holds
 * their pipe; zod stays out of the helper, which must be small, so its half is checked here by hand.
 */

/** What waiting shells are started with. Another one replaces them. */
export interface Configure {
  env: Record<string, string>
  cwd: string
}

/** A command: a script for a waiting shell, or a program of its own. */
export type StartMessage =
  | { kind: 'script'; script: string }
  | { kind: 'program'; file: string; args: string[]; cwd: string; env: Record<string, string> }

export function parseConfigure(json: Uint8Array): Configure {
  const value: unknown = JSON.parse(Buffer.from(json).toString())
  if (isObject(value) && isTexts(value['env']) && typeof value['cwd'] === 'string') {
    return { env: value['env'], cwd: value['cwd'] }
  }
  throw new Error('The environment of commands was said wrongly.')
}

export function parseStart(json: Uint8Array): StartMessage {
  const value: unknown = JSON.parse(Buffer.from(json).toString())
  if (isObject(value)) {
    const { kind, script, file, args, cwd, env } = value
    if (kind === 'script' && typeof script === 'string') return { kind, script }
    const isPlaced = typeof file === 'string' && typeof cwd === 'string'
    if (kind === 'program' && isPlaced && isList(args) && isTexts(env)) return { kind, file, args, cwd, env }
  }
  throw new Error('The command was said wrongly.')
}

/** Variables in the form that Node's functions take: their types want NODE_ENV, which no process needs. */
export function isProcessEnvironment(env: Record<string, string>): env is Record<string, string> & NodeJS.ProcessEnv {
  return isTexts(env)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isTexts(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((text) => typeof text === 'string')
}

function isList(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}
