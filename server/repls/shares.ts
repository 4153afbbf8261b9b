import { newId } from '#protocol/ids.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { createRate } from '#server/rate.ts'
import { fromRecord, toJson } from '#server/repls/json.ts'
import { MAX_SHARES_PER_REPL, NEW_GUESTS_PER_MINUTE } from '#server/repls/limits.ts'
import { retryConflicts } from '#server/repls/retry.ts'
import { carryOver, redeem } from '#server/repls/redeem.ts'
import type { Access, Shares } from '#server/repls/repls.ts'
import {
  guestOf,
  hashSecret,
  isLive,
  liveSharesOf,
  newSecret,
  shareKeys,
  sharePersonSchema,
  shareSchema,
} from '#server/repls/share-records.ts'
import type { Share, SharePerson } from '#server/repls/share-records.ts'
import { hintRights, listChannel, pages } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { CreateShare, ShareView } from '#server/repls/views.ts'
import type { StateStore, Write } from '#server/state-store/state-store.ts'

const MAX_WRITES = 100

interface SharesDeps {
  stateStore: StateStore
  store: ReplStore
  access: Access
  log: Log
  now: () => number
}

/** `Shares`, and what the sweeper and the authenticator ask of it. */
export interface ShareLinks extends Shares {
  /** Ends the links whose time is over. */
  endExpired(): Promise<void>
  /** Ends every link of a repl that is purged. */
  endAll(replId: string): Promise<void>
  /** Who a guest cookie belongs to, while a link of theirs is good. */
  resolveGuest: (cookieValue: string) => Promise<Principal | undefined>
}

export function createShares(deps: SharesDeps): ShareLinks {
  const { stateStore, access, log, now } = deps
  const admitGuest = createRate(
    { each: NEW_GUESTS_PER_MINUTE, all: Infinity },
    { message: 'Too many people open this link at once.', advice: 'Try again in a minute, or sign in first.', now },
  )
  const redeeming = { ...deps, admitGuest }

  const sharesOf = async (replId: string) => {
    const shares: Share[] = []
    for await (const page of pages(stateStore, shareKeys.sharesOf(replId))) {
      shares.push(...page.map((record) => fromRecord(shareSchema, record)))
    }
    return shares
  }
  const peopleOf = async (share: Share) => {
    const people: SharePerson[] = []
    for await (const page of pages(stateStore, shareKeys.peopleOf(share))) {
      people.push(...page.map((record) => fromRecord(sharePersonSchema, record)))
    }
    return people
  }

  /** The share's own record goes first: from then on nobody has a right through it, whatever is left of its grants. */
  const end = async (share: Share) => {
    const people = await peopleOf(share)
    const writes: Write[] = [
      { kind: 'delete', key: shareKeys.share(share.replId, share.id), expected: 'any' },
      { kind: 'delete', key: shareKeys.token(share.tokenHash), expected: 'any' },
      ...people.flatMap(({ id }): Write[] => [
        { kind: 'delete', key: shareKeys.grant(id, share), expected: 'any' },
        { kind: 'delete', key: shareKeys.person(share, id), expected: 'any' },
      ]),
    ]
    for (let first = 0; first < writes.length; first += MAX_WRITES) {
      await stateStore.transact(writes.slice(first, first + MAX_WRITES))
      if (first === 0) await hintRights(stateStore, share.replId, { share: share.id })
    }
    for (const { id } of people) await stateStore.publish(listChannel(id), { share: share.id })
  }

  return {
    create: async (who, replId, input) => {
      await access.require(who, replId, 'owner')
      checkInput(input, now())
      const existing = await sharesOf(replId)
      if (existing.length >= MAX_SHARES_PER_REPL) {
        throw new AppError('quota_exceeded', `This REPL has ${MAX_SHARES_PER_REPL} links, which is all it may have.`, {
          advice: 'Revoke one that is no longer needed.',
        })
      }
      const token = newSecret()
      const share: Share = {
        format: 1,
        id: newId(),
        replId,
        role: input.role,
        tokenHash: hashSecret(token),
        createdAt: now(),
        ...(input.expiresAt !== undefined && { expiresAt: input.expiresAt }),
        allowSignedOut: input.allowSignedOut,
      }
      await stateStore.transact([
        { kind: 'put', key: shareKeys.share(replId, share.id), value: toJson(share), expected: 'absent' },
        {
          kind: 'put',
          key: shareKeys.token(share.tokenHash),
          value: { replId, shareId: share.id },
          expected: 'absent',
        },
      ])
      return { share: viewOf(share, []), token }
    },

    list: async (who, replId) => {
      await access.require(who, replId, 'owner')
      const shares = (await sharesOf(replId)).filter((share) => isLive(share, now()))
      const views = await Promise.all(shares.map(async (share) => viewOf(share, await peopleOf(share))))
      return views.toSorted((a, b) => a.createdAt - b.createdAt)
    },

    revoke: async (who, replId, shareId) => {
      await access.require(who, replId, 'owner')
      const record = await stateStore.get(shareKeys.share(replId, shareId))
      if (record === undefined) throw new AppError('not_found', 'There is no such link.')
      await end(fromRecord(shareSchema, record))
    },

    setOut: async (who, replId, { shareId, personId, isOut }) => {
      await access.require(who, replId, 'owner')
      const share = { replId, id: shareId }
      await retryConflicts(async () => {
        const record = await stateStore.get(shareKeys.person(share, personId))
        if (record === undefined) throw new AppError('not_found', 'Nobody of this name came by that link.')
        const { isOut: _, ...person } = fromRecord(sharePersonSchema, record)
        const value = toJson(isOut ? { ...person, isOut } : person)
        const grant = shareKeys.grant(personId, share)
        await stateStore.transact([
          { kind: 'put', key: record.key, value, expected: { version: record.version } },
          isOut
            ? { kind: 'delete', key: grant, expected: 'any' }
            : { kind: 'put', key: grant, value: null, expected: 'any' },
        ])
      })
      await hintRights(stateStore, replId, { share: shareId })
      await stateStore.publish(listChannel(personId), { share: shareId })
    },

    redeem: async (who, token) => {
      const opened = await redeem(redeeming, who, token)
      log.info('a share link was opened', { repl: opened.replId, who: who?.id ?? 'a new guest' })
      return opened
    },
    carryOver: (who, from) => carryOver(redeeming, who, from),

    endExpired: async () => {
      for await (const page of pages(stateStore, shareKeys.allShares)) {
        for (const record of page) {
          const share = fromRecord(shareSchema, record)
          if (!isLive(share, now())) await end(share)
        }
      }
    },

    endAll: async (replId) => {
      for (const share of await sharesOf(replId)) await end(share)
    },

    resolveGuest: async (cookieValue) => {
      const guest = await guestOf(stateStore, cookieValue)
      if (guest === undefined) return undefined
      const { id, name } = guest
      const shares = await liveSharesOf(stateStore, { personId: id, now: now() })
      return shares.some(({ allowSignedOut }) => allowSignedOut) ? { kind: 'guest', id, name } : undefined
    },
  }
}

function checkInput(input: CreateShare, now: number): void {
  if (input.allowSignedOut && input.role !== 'viewer') {
    throw new AppError('bad_request', 'Only a viewer link can work without signing in.')
  }
  if (input.expiresAt !== undefined && input.expiresAt <= now) {
    throw new AppError('bad_request', 'The link would have expired already.', { advice: 'Choose a later time.' })
  }
}

function viewOf(share: Share, people: SharePerson[]): ShareView {
  return {
    id: share.id,
    role: share.role,
    createdAt: share.createdAt,
    ...(share.expiresAt !== undefined && { expiresAt: share.expiresAt }),
    allowSignedOut: share.allowSignedOut,
    people: people
      .filter(({ kind }) => kind === 'user')
      .map(({ id, name, isOut }) => ({ id, name, ...(isOut !== undefined && { isOut }) })),
  }
}
