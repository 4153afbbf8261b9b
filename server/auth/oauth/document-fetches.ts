import { AsyncLocalStorage } from 'node:async_hooks'
import type { FetchDocument } from '#server/auth/oauth/client-documents.ts'
import {
  DOCUMENTS_AT_ONCE,
  DOCUMENTS_PER_MINUTE,
  FAILED_DOCUMENT_MS,
  MAX_FAILED_DOCUMENTS,
} from '#server/auth/oauth/limits.ts'
import { AppError } from '#server/errors.ts'

const MINUTE_MS = 60_000

const LIMITS = {
  atOnce: DOCUMENTS_AT_ONCE,
  perMinute: DOCUMENTS_PER_MINUTE,
  failedMs: FAILED_DOCUMENT_MS,
  maxFailed: MAX_FAILED_DOCUMENTS,
}

/**
 * Fetches clients' documents in a bounded way: any client id that anybody sends is an address which we then call.
 * Strangers share one allowance, people who are signed in have one each, so that none is kept out by what others send.
 */
export interface DocumentFetches {
  fetch: FetchDocument
  /** Why this one may not be fetched now, in words; `undefined` if it may. */
  refusal(url: URL): string | undefined
  /** What `work` fetches is a stranger's. Else it is a person's: of our consent page. */
  asStranger<T>(work: () => Promise<T>): Promise<T>
  asPerson<T>(userId: string, work: () => Promise<T>): Promise<T>
}

interface DocumentFetchesOptions {
  limits?: typeof LIMITS
  now?: () => number
}

interface Allowance {
  underWay: number
  inMinute: number
}

const STRANGERS = 'strangers'

export function createDocumentFetches(
  fetchDocument: FetchDocument,
  { limits = LIMITS, now = Date.now }: DocumentFetchesOptions = {},
): DocumentFetches {
  const asker = new AsyncLocalStorage<string>()
  const allowances = new Map<string, Allowance>()
  /** Until when each is not asked for again; the oldest first. */
  const failed = new Map<string, number>()
  let since = now()

  const allowance = (): Allowance => {
    if (now() - since > MINUTE_MS) {
      for (const [key, one] of allowances) {
        one.inMinute = 0
        if (one.underWay === 0) allowances.delete(key)
      }
      since = now()
    }
    return allowances.get(asker.getStore() ?? '') ?? { underWay: 0, inMinute: 0 }
  }
  const isFull = ({ underWay, inMinute }: Allowance) => underWay >= limits.atOnce || inMinute >= limits.perMinute
  const refusal = ({ href }: URL) => {
    if ((failed.get(href) ?? 0) > now())
      return `the document of this client could not be fetched a moment ago: try again in ${limits.failedMs / 1000} s`
    if (isFull(allowance())) return 'too many documents of clients are asked for at once: try again in a minute'
    return undefined
  }
  const noteFailure = (href: string) => {
    failed.delete(href)
    const [oldest] = failed.keys()
    if (failed.size >= limits.maxFailed && oldest !== undefined) failed.delete(oldest)
    failed.set(href, now() + limits.failedMs)
  }

  return {
    refusal,
    asStranger: (work) => asker.run(STRANGERS, work),
    asPerson: (userId, work) => asker.run(`person:${userId}`, work),
    fetch: async (url) => {
      const { href } = url
      const refused = refusal(url)
      if (refused !== undefined) throw new AppError('rate_limited', refused)
      const mine = allowance()
      allowances.set(asker.getStore() ?? '', mine)
      mine.underWay += 1
      mine.inMinute += 1
      try {
        const document = await fetchDocument(url)
        if (document.status === 200) failed.delete(href)
        else noteFailure(href)
        return document
      } catch (error) {
        noteFailure(href)
        throw error
      } finally {
        mine.underWay -= 1
      }
    },
  }
}
