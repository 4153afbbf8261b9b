import type { WireError } from '#protocol/errors.ts'
import { MAX_NAMED_FAILURES } from './limits.ts'

/** A file with its path in the workspace. */
export interface UploadFile {
  path: string
  blob: Blob
}

/** How a batch went. */
export interface UploadEnd {
  files: readonly UploadFile[]
  uploaded: number
  isCancelled: boolean
  /** Refused one by one. */
  refused: readonly { file: UploadFile; error: WireError }[]
  /** What ended the batch before its end. */
  ended?: WireError
  /** Neither uploaded, nor refused, nor left out by choice. */
  left: readonly UploadFile[]
}

/** What is to be said of a batch in which not everything was uploaded. */
export interface UploadOutcome {
  tone: 'failed' | 'cancelled'
  title: string
  reasons: readonly string[]
  advice?: string
  /** Where trying again can help. */
  again: readonly UploadFile[]
}

/** Whether this would be the answer to every other file too: each of them would be a request made in vain. */
export function isForAll({ code, path }: WireError): boolean {
  switch (code) {
    case 'unauthenticated':
    case 'gone':
    case 'quota_exceeded':
    case 'rate_limited':
    case 'unavailable':
    case 'timeout':
    case 'not_supported':
      return true
    // Of the REPL, not of a file in it.
    case 'forbidden':
    case 'not_found':
      return path === undefined
    case 'bad_request':
    case 'conflict':
    case 'too_large':
    case 'internal':
      return false
  }
}

/** Whether the same file may be let in another time, as it is. */
function canHelpAgain({ code, path }: WireError): boolean {
  switch (code) {
    case 'unauthenticated':
    case 'quota_exceeded':
    case 'rate_limited':
    case 'unavailable':
    case 'timeout':
    case 'conflict':
    case 'internal':
      return true
    // A file's permissions can be changed in a terminal.
    case 'forbidden':
      return path !== undefined
    case 'bad_request':
    case 'not_found':
    case 'gone':
    case 'too_large':
    case 'not_supported':
      return false
  }
}

/** What there is to say; nothing where all went as it was meant. */
export function outcomeOf(end: UploadEnd): UploadOutcome | undefined {
  const { files, isCancelled, refused, ended, left } = end
  if (refused.length + left.length === 0) return undefined
  const reasons = ended === undefined || isCancelled ? [] : [ended.message]
  reasons.push(...refused.slice(0, MAX_NAMED_FAILURES).map(({ file, error }) => reasonOf(file, error)))
  const more = refused.length - MAX_NAMED_FAILURES
  if (more > 0) reasons.push(`and ${more} more`)
  if (isCancelled) return { tone: 'cancelled', title: cancelledTitle(end), reasons, again: [] }
  const advice = ended === undefined ? sharedAdvice(refused.map(({ error }) => error)) : ended.advice
  const again = refused.filter(({ error }) => canHelpAgain(error)).map(({ file }) => file)
  if (ended !== undefined && canHelpAgain(ended)) again.push(...left)
  const title = failedTitle(files, refused.length + left.length)
  return { tone: 'failed', title, reasons, again, ...(advice !== undefined && { advice }) }
}

function cancelledTitle({ files, uploaded }: UploadEnd): string {
  const [first] = files
  if (files.length === 1) return `Upload cancelled: "${first?.path}" was not uploaded.`
  if (uploaded === 0) return `Upload cancelled: none of the ${files.length} files was uploaded.`
  const rest = files.length - uploaded
  const were = uploaded === 1 ? 'was' : 'were'
  return `Upload cancelled: ${uploaded} of ${files.length} files ${were} uploaded, the other ${rest === 1 ? 'one was' : `${rest} were`} not.`
}

function failedTitle(files: readonly UploadFile[], failed: number): string {
  const [first] = files
  if (files.length === 1) return `"${first?.path}" was not uploaded.`
  return `${failed} of ${files.length} files ${failed === 1 ? 'was' : 'were'} not uploaded.`
}

/** Many messages name the file themselves. */
function reasonOf({ path }: UploadFile, { message }: WireError): string {
  return message.startsWith(`${path}: `) || message.includes(`"${path}"`) ? message : `${path}: ${message}`
}

/** Advice that fits all of them. */
function sharedAdvice(errors: readonly WireError[]): string | undefined {
  const [advice, ...others] = new Set(errors.map((error) => error.advice))
  return others.length === 0 ? advice : undefined
}
