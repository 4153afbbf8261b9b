import { AppError } from '#server/errors.ts'

/** What a look at one thing found. */
export type Finding =
  | { kind: 'ok'; detail: string }
  /** `advice`: what to do about it. */
  | { kind: 'failed'; detail: string; advice: string }
  /** It could not be looked at, or need not be; `detail` says why. */
  | { kind: 'skipped'; detail: string }

/** One thing that an installation needs. */
export interface Check {
  name: string
  look(): Promise<Finding>
}

export interface Examined {
  name: string
  finding: Finding
}

export function ok(detail: string): Finding {
  return { kind: 'ok', detail }
}

export function failed(detail: string, advice: string): Finding {
  return { kind: 'failed', detail, advice }
}

export function skipped(detail: string): Finding {
  return { kind: 'skipped', detail }
}

/** Runs one check; what it throws is a failure, with the advice that the error carries. */
export async function examine(check: Check): Promise<Examined> {
  const { name } = check
  try {
    return { name, finding: await check.look() }
  } catch (error) {
    const advice =
      (error instanceof AppError ? error.advice : undefined) ?? 'Whoever answers there refuses: look there first.'
    return { name, finding: failed(reasonOf(error), advice) }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : reasonOf(error.cause)
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message} (${cause})`
}
