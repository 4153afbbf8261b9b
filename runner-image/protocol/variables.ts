import { z } from 'zod'

/** Variables of one REPL, or of one account. */
export const MAX_VARIABLES = 100
/** UTF-8 bytes of one value, and of all names and values of one REPL or account. */
export const MAX_VARIABLE_BYTES = 16 * 1024
export const MAX_VARIABLES_BYTES = 48 * 1024

/** What a sandbox sets itself, and what changes how its shells start. */
const OWN =
  /^(HOME|USER|LOGNAME|SHELL|PATH|TERM|COLORTERM|PWD|OLDPWD|SHLVL|IFS|_|PORT|REPL_ID|REPL_NAME|npm_config_prefix|DEVEX_.*|BASH.*)$/

/** A name as POSIX wants it (XBD 8.1), and not one that the sandbox needs itself. */
export const variableNameSchema = z
  .string()
  .max(100)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'A name has letters, digits and underscores, and begins with no digit.')
  .refine((name) => !OWN.test(name), 'This name is the sandbox’s own. Choose another one.')

/** No NUL: an environment cannot hold one. */
const valueSchema = z
  .string()
  .refine((value) => !value.includes('\0'), 'A value cannot hold a NUL character.')
  .refine(
    (value) => new TextEncoder().encode(value).length <= MAX_VARIABLE_BYTES,
    `A value has at most ${MAX_VARIABLE_BYTES / 1024} KiB.`,
  )

/** Environment variables by name, with their values, as a person sets them. */
export const variablesSchema = z.record(variableNameSchema, valueSchema)
export type Variables = z.output<typeof variablesSchema>

/** On their way into a sandbox: they were looked at when they were set, and a start must not fail over them. */
export const variablesOnTheWay = z.record(z.string(), z.string())

/** What lines of a `.env` file say. */
export interface ReadVariables {
  variables: Variables
  /** Lines that say nothing that can be understood, by number from 1. */
  problems: { line: number; message: string }[]
}

/**
 * Reads `NAME=value` lines: blank ones and those that begin with `#` are left out, as is `export `; quotes around a value
 * are taken off, and in double quotes `\n` is a line's end.
 */
export function readVariables(text: string): ReadVariables {
  const found: ReadVariables = { variables: {}, problems: [] }
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, name = '', value = ''] = /^(?:export\s+)?([^=]*?)\s*=\s*(.*)$/.exec(line) ?? []
    const message = line.includes('=') ? problemWith(name, unquoted(value)) : 'There is no “=” in it.'
    if (message === undefined) found.variables[name] = unquoted(value)
    else found.problems.push({ line: index + 1, message })
  }
  return found
}

function problemWith(name: string, value: string): string | undefined {
  const checked = variableNameSchema.safeParse(name)
  const error = checked.success ? valueSchema.safeParse(value).error : checked.error
  return error?.issues[0]?.message
}

function unquoted(value: string): string {
  const quote = value[0]
  const isQuoted = value.length >= 2 && (quote === '"' || quote === "'") && value.endsWith(quote)
  if (!isQuoted) return value
  const inner = value.slice(1, -1)
  return quote === '"' ? inner.replaceAll(/\\([n"\\])/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped)) : inner
}
