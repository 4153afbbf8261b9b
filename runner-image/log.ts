/** Facts beside a message: ids, counts, milliseconds. Never tokens or file contents. */
export type LogFields = Record<string, string | number | boolean | undefined>

/** The runner's log: an object a line, on standard error. */
export interface Log {
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, error: unknown, fields?: LogFields): void
}

/** A log that hands each line to `write`. */
export function createLog(write: (line: string) => void): Log {
  const emit = (level: string, message: string, fields: LogFields = {}) =>
    write(JSON.stringify({ time: new Date().toISOString(), level, part: 'runner', message, ...fields }))
  return {
    info: (message, fields) => emit('info', message, fields),
    warn: (message, fields) => emit('warn', message, fields),
    error: (message, error, fields) =>
      emit('error', message, {
        ...fields,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  }
}
