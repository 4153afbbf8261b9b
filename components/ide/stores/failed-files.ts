import type { ToastInput } from '#components/ui/toast-store.ts'
import { MAX_NAMED_FAILURES } from './limits.ts'
import { describeError } from './request-error.ts'

export interface FailedFile {
  path: string
  error: unknown
}

/** Where one file was meant, its reason says enough; of several it is said which they are. */
export function failedFiles(verb: string, failures: readonly FailedFile[], meant: number): ToastInput {
  const reasons = failures.map(({ error }) => describeError(error))
  const [reason] = reasons
  if (meant === 1 && reason !== undefined) return toast(reason.message, reason.advice)
  const [name = '', ...others] = failures.map(({ path }) => `"${path}"`)
  if (others.length === 0) {
    return toast(`${name} could not be ${verb}.`, [reason?.message, reason?.advice].filter(Boolean).join(' '))
  }
  const names = [name, ...others].slice(0, MAX_NAMED_FAILURES).join(', ')
  const more = failures.length > MAX_NAMED_FAILURES ? ` and ${failures.length - MAX_NAMED_FAILURES} more` : ''
  const messages = [...new Set(reasons.map(({ message }) => message))].slice(0, MAX_NAMED_FAILURES).join(' ')
  return toast(`${failures.length} files could not be ${verb}.`, `${names}${more}: ${messages}`)
}

function toast(title: string, description: string | undefined): ToastInput {
  return { title, tone: 'failed', ...(description !== undefined && { description }) }
}
