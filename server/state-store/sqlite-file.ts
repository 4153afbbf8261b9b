import { closeSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { AppError } from '#server/errors.ts'

/** Result codes of SQLite (https://www.sqlite.org/rescode.html) that call for words of their own. */
const READONLY = 8
const FULL = 13
const CANTOPEN = 14
const NOTADB = 26

/** Makes `file` and its folder, readable by this user only, where they are missing; says so where they cannot be written. */
export function ensureWritableFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a+', 0o600))
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

/** The refusal of a file that a newer Devex wrote. */
export function newerFormat(file: string, versions: { found: number; known: number }): AppError {
  return new AppError(
    'not_supported',
    `${file} was written by a newer version of Devex (format ${versions.found}; this one knows up to ${versions.known}).`,
    { advice: 'Update Devex, or let DEVEX_DATA name another folder.' },
  )
}

/** A fault of SQLite in the port's words. Other errors pass unchanged. */
export function translateSqliteError(file: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return error
  // The low byte is the class; the rest says more about it.
  switch (error.errcode % 256) {
    case READONLY:
    case CANTOPEN:
      return cannotWrite(file, error)
    case FULL:
      return new AppError('unavailable', `The disk that holds ${file} is full.`, {
        cause: error,
        advice: 'Make room on it. Nothing that was acknowledged is lost.',
      })
    case NOTADB:
      return new AppError('not_supported', `${file} is not a database of Devex.`, {
        cause: error,
        advice: 'Move it away, or let DEVEX_DATA name another folder.',
      })
    default:
      return new AppError('unavailable', `The database ${file} does not answer: ${error.message}.`, { cause: error })
  }
}

function cannotWrite(file: string, cause: unknown): AppError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new AppError('unavailable', `${file} cannot be written: ${reason}.`, {
    cause,
    advice: `Make ${dirname(file)} a folder that this user may write to, or let DEVEX_DATA name another one.`,
  })
}
