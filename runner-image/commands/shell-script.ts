import { MAX_WAITING_SCRIPT_BYTES } from './limits.ts'

interface ScriptOptions {
  command: string
  /** Absolute. */
  cwd: string
  env: Record<string, string>
  isStdinNull: boolean
}

/** Variables that bash does not let anybody set, so that a script that tried would end; and where the command is held. */
const NOT_TO_SET = new Set(['BASHOPTS', 'BASH_EXECUTION_STRING', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID'])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * What a waiting shell must do to be as if started for this command alone, a NUL, and the command; `undefined` where it
 * cannot be.
 */
export function waitingScript({ command, cwd, env, isStdinNull }: ScriptOptions): string | undefined {
  const names = Object.keys(env)
  if (command.includes('\0') || names.some((name) => !NAME.test(name) || NOT_TO_SET.has(name))) return undefined
  const preparation = [
    TAKE_COMMAND,
    `${isStdinNull ? 'exec </dev/null; ' : ''}cd -- ${quote(cwd)} || exit 1; unset OLDPWD`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
  ].join('; ')
  const whole = `${preparation}\0${command}`
  return Buffer.byteLength(whole) > MAX_WAITING_SCRIPT_BYTES ? undefined : whole
}

/** Where `bash -c` holds its command (bash(1)), so that nothing more is set than there. */
const TAKE_COMMAND = 'IFS= read -r -d "" BASH_EXECUTION_STRING || exit; unset REPLY'

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
