import { z } from 'zod'
import { isMember } from '#server/auth/github.ts'
import type { GithubSettings } from '#server/auth/github.ts'
import { MEMBER_BELIEVED_MS, MEMBER_RECHECK_MS, MEMBER_RETRY_MS } from '#server/auth/limits.ts'
import type { ProviderTokens } from '#server/auth/provider-tokens.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import type { Expected, StateStore, StoredRecord } from '#server/state-store/state-store.ts'

const memberSchema = z.object({ format: z.literal(1), checkedAt: z.number(), isMember: z.boolean() })

/** Who is here as a member of an organisation: what its provider said last, asked anew from time to time. */
export interface Members {
  /**
   * `known` lies at `memberKey(userId)`. While that is fresh nobody is asked; where the provider cannot be, what it said
   * within a day counts, and `unavailable` is thrown past that.
   */
  has(userId: string, known: StoredRecord | undefined): Promise<boolean>
  /** They have just signed in as one. */
  welcome(userId: string): Promise<void>
}

interface MembersDeps {
  store: StateStore
  github: GithubSettings
  providerTokens: ProviderTokens
  log: Log
}

/** Asked with the token that each signed in with, and kept in `store`. */
export function createMembers({ store, github, providerTokens, log }: MembersDeps): Members {
  /** One question for everybody who waits for it; one without an answer stays until it may be put again. */
  const questions = new Map<string, { answer: Promise<boolean | undefined>; until: number }>()

  const keep = async (userId: string, answer: boolean, expected: Expected) => {
    const value = { format: 1, checkedAt: Date.now(), isMember: answer }
    await store.put(memberKey(userId), value, { expected, ttlMs: MEMBER_BELIEVED_MS })
  }

  const ask = async (userId: string, known: StoredRecord | undefined) => {
    const token = await providerTokens.get(userId)
    const answer = token !== undefined && (await isMember(github, token))
    try {
      await keep(userId, answer, known === undefined ? 'absent' : { version: known.version })
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'conflict')) throw error
      // Who signed in meanwhile was asked about with a newer token: that answer stays.
      const other = await store.get(memberKey(userId))
      return other === undefined ? answer : memberSchema.parse(other.value).isMember
    }
    return answer
  }

  const answerTo = (userId: string, known: StoredRecord | undefined) => {
    const asked = questions.get(userId)
    if (asked !== undefined && Date.now() < asked.until) return asked.answer
    const question = { answer: ask(userId, known).then(answered, failed), until: Infinity }
    function answered(answer: boolean): boolean {
      questions.delete(userId)
      return answer
    }
    function failed(error: unknown): undefined {
      question.until = Date.now() + MEMBER_RETRY_MS
      log.warn('it could not be asked whether somebody is still a member', { user: userId, error: String(error) })
    }
    questions.set(userId, question)
    return question.answer
  }

  return {
    has: async (userId, known) => {
      const last = known === undefined ? undefined : memberSchema.parse(known.value)
      if (last !== undefined && Date.now() - last.checkedAt < MEMBER_RECHECK_MS) return last.isMember
      const answer = (await answerTo(userId, known)) ?? last?.isMember
      if (answer !== undefined) return answer
      throw new AppError(
        'unavailable',
        'GitHub could not be asked whether you are still a member of its organisation.',
        {
          advice: 'Try again in a minute.',
        },
      )
    },
    welcome: async (userId) => {
      questions.delete(userId)
      await keep(userId, true, 'any')
    },
  }
}

/** Where it lies what was last heard of a member. */
export function memberKey(userId: string): string {
  return `member:${userId}`
}
