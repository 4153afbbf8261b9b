import type { CloneSource } from '#protocol/adoption.ts'
import type { ErrorCode } from '#protocol/errors.ts'
import { RunnerError } from '../errors.ts'

interface Reason {
  pattern: RegExp
  code: ErrorCode
  message(source: { host: string; branch: string }): string
  advice: string
}

/** What git says (in English: it is run with `LC_ALL=C`) and what that means to a person. First match wins. */
const REASONS: Reason[] = [
  {
    pattern: /Could not resolve host/i,
    code: 'not_found',
    message: ({ host }) => `There is no host "${host}", or this sandbox has no network.`,
    advice: 'Check the address.',
  },
  {
    pattern: /Remote branch .* not found/i,
    code: 'not_found',
    message: ({ branch }) => `The repository has no branch "${branch}".`,
    advice: 'Check the branch, or leave it out to take the default one.',
  },
  {
    pattern: /timed out|Operation too slow|transfer closed|early EOF/i,
    code: 'timeout',
    message: ({ host }) => `${host} answers too slowly, or the connection broke.`,
    advice: 'Try again.',
  },
  {
    pattern:
      /could not read (Username|Password)|Authentication failed|repository .*not found|returned error: 40[134]|not valid: is this a git repository/i,
    code: 'not_found',
    message: ({ host }) => `${host} has no public repository at this address: it does not exist, or it is private.`,
    advice: 'Check the address. Only public repositories can be cloned.',
  },
  {
    pattern: /No space left on device|Disk quota exceeded/i,
    code: 'quota_exceeded',
    message: () => 'The repository does not fit on the disk of this repl.',
    advice: 'Choose a smaller one.',
  },
  {
    pattern: /Failed to connect|Connection refused|Couldn't connect|unable to access|SSL|certificate/i,
    code: 'unavailable',
    message: ({ host }) => `${host} cannot be reached.`,
    advice: 'Check the address, then try again.',
  },
]

/** Why a clone failed, from what git wrote to standard error. */
export function cloneFailure(source: CloneSource, output: string): RunnerError {
  const { host } = new URL(source.url)
  const reason = REASONS.find(({ pattern }) => pattern.test(output))
  if (reason !== undefined) {
    return new RunnerError(reason.code, reason.message({ host, branch: source.branch ?? '' }), {
      advice: reason.advice,
    })
  }
  const fatal = output.match(/^fatal: .*$/m)?.[0].slice('fatal: '.length) ?? 'it gave no reason.'
  return new RunnerError(
    'unavailable',
    `git could not clone this repository: ${withoutPasswords(fatal).slice(0, 300)}`,
    {
      advice: 'Check the address, then try again.',
    },
  )
}

function withoutPasswords(text: string): string {
  return text.replaceAll(/\/\/[^/\s@]*@/g, '//')
}
