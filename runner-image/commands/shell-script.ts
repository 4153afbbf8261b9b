import { MAX_WAITING_SCRIPT_BYTES } from './limits.ts'

interface ScriptOptions {
  command: string
  /** Absolute. */
  cwd: string
  env: Record<string, string>
  isStdinNull: boolean
}

/** Variables that bash does not let anybody set; a script that tried would end. */
const READ_ONLY = new Set(['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID'])
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** What a waiting shell must do to be as if started for this command alone; `undefined` where it cannot be. */
export function waitingScript({ command, cwd, env, isStdinNull }: ScriptOptions): string | undefined {
  const names = Object.keys(env)
  if (command.includes('\0') || names.some((name) => !NAME.test(name) || READ_ONLY.has(name))) return undefined
  const script = [
    `${isStdinNull ? 'exec </dev/null; ' : ''}unset REPLY; cd -- ${quote(cwd)} || exit 1; unset OLDPWD`,
    ...Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`),
  ].join('; ')
  const whole = `${script}\n${command}`
  return Buffer.byteLength(whole) > MAX_WAITING_SCRIPT_BYTES ? undefined : whole
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
