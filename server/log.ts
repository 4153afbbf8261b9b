import { AppError } from '#server/errors.ts'

/** Facts beside a message: ids, counts, milliseconds. Never tokens, cookies or file contents. */
export type LogFields = Record<string, string | number | boolean | null | undefined>

export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  /** `error`'s message, code, stack and causes are written out. */
  error(message: string, error: unknown, fields?: LogFields): void
  /** A log whose lines all carry `fields`. */
  with(fields: LogFields): Log
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

interface LogOptions {
  level: LogLevel
  /** `json`: an object a line, for machines. `text`: for a person at a terminal. */
  format: 'json' | 'text'
  write?: (line: string) => void
}

/** The process's log, one line per event. */
export function createLog(options: LogOptions): Log {
  return childLog(options, {})
}

function childLog(options: LogOptions, base: LogFields): Log {
  const emit = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(options.level)) return
    const all = { ...base, ...fields }
    const write = options.write ?? ((line: string) => void process.stdout.write(`${line}\n`))
    write(options.format === 'json' ? asJson(level, message, all) : asText(level, message, all))
  }
  return {
    debug: (message, fields) => emit('debug', message, fields),
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, error, fields) => emit('error', message, { ...fields, ...describe(error) }),
    with: (fields) => childLog(options, { ...base, ...fields }),
  }
}

/** A field never hides what every line has. */
function asJson(level: LogLevel, message: string, fields: LogFields): string {
  const head = { time: new Date().toISOString(), level, message }
  return JSON.stringify({ ...head, ...fields, ...head })
}

function asText(level: LogLevel, message: string, fields: LogFields): string {
  const time = new Date().toISOString().slice(11, 23)
  const facts = Object.entries(fields).flatMap(([key, value]) =>
    value === undefined
      ? []
      : [`${key}=${typeof value === 'string' && /[\s"]/.test(value) ? JSON.stringify(value) : value}`],
  )
  return [time, level.toUpperCase().padEnd(5), message, ...facts].join(' ')
}

function describe(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) }
  const causes: string[] = []
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause)
    causes.push(cause.stack ?? cause.message)
  return {
    error: error.message,
    ...(error instanceof AppError ? { code: error.code } : { stack: error.stack }),
    ...(causes.length > 0 && { cause: causes.join(' ← ') }),
  }
}
