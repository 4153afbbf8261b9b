import { SidecarError } from '../sidecar-error.ts'
import { isGone } from './walk.ts'

/** What to tell of a restore that failed. */
export function explain(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new SidecarError('quota_exceeded', 'The disk is full, so the restore is not complete.', {
      advice: 'Delete what you do not need, then restore again: what is right already is not written again.',
      cause: error,
    })
  return isGone(error) ? changing(error) : error
}

/** What was to be replaced was written meanwhile. */
export function changing(cause?: unknown): SidecarError {
  return new SidecarError('conflict', 'The files went on changing, so the restore is not complete.', {
    advice: 'Stop what writes them, then restore again.',
    cause,
  })
}
