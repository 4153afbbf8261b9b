import { RunnerError, toRunnerError } from '../errors.ts'
import { START_TIMEOUT_MS } from './limits.ts'

export function tooSlow(): RunnerError {
  return new RunnerError('timeout', `The command did not start within ${START_TIMEOUT_MS / 1000} seconds.`, {
    advice: 'The sandbox is very busy: end some processes, then try again.',
  })
}

/** Why the system did not start a command, from what it said. */
export function notStarted(errno: string | undefined, message: string): RunnerError {
  if (errno === 'EAGAIN' || errno === 'ENOMEM') {
    return new RunnerError(
      'unavailable',
      'The command could not be started: the limit of processes or memory is reached.',
      {
        advice: 'End some processes, then try again.',
      },
    )
  }
  const known = toRunnerError(Object.assign(new Error(message), { code: errno }))
  if (known.code !== 'internal') return known
  return new RunnerError('unavailable', `The command could not be started: ${message}`)
}
