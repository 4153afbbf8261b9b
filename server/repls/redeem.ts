import { newId } from '#protocol/ids.ts'
import { isAtLeast } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError, toAppError } from '#server/errors.ts'
import { isOwner } from '#server/repls/access.ts'
import { fromRecord, toJson } from '#server/repls/json.ts'
import { GUEST_TTL_MS } from '#server/repls/limits.ts'
import type { Shares } from '#server/repls/repls.ts'
import { retryConflicts } from '#server/repls/retry.ts'
import {
  guestOf,
  hashSecret,
  isLive,
  liveSharesOf,
  newSecret,
  shareKeys,
  sharePersonSchema,
  shareSchema,
  shareTokenSchema,
} from '#server/repls/share-records.ts'
import type { Share, SharePerson } from '#server/repls/share-records.ts'
import { hintRights, listChannel } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { StateStore, Write } from '#server/state-store/state-store.ts'

interface RedeemDeps {
  stateStore: StateStore
  store: ReplStore
  now: () => number
  /** Throws `rate_limited` where a link makes too many guests. */
  admitGuest: (shareId: string) => void
}

/** Opens a link: a grant for who is signed in, a guest where the link allows it. */
export async function redeem(
  deps: RedeemDeps,
  who: Principal | undefined,
  token: string,
): ReturnType<Shares['redeem']> {
  const share = await shareBehind(deps, token)
  const repl = await deps.store.get(share.replId)
  if (repl === undefined || repl.state.kind === 'deleted') throw linkGone()
  if (who !== undefined && isOwner(who, repl)) return { replId: share.replId }
  if (who?.kind === 'user') {
    await grant(deps, share, { kind: 'user', id: who.id, name: who.name })
    return { replId: share.replId }
  }
  if (!share.allowSignedOut) {
    throw new AppError('unauthenticated', 'This link asks you to sign in.', {
      advice: 'Sign in and open it again.',
    })
  }
  if (who !== undefined) {
    await grant(deps, share, { kind: 'guest', id: who.id, name: who.name })
    return { replId: share.replId }
  }
  return { replId: share.replId, guestCookie: await newGuest(deps, share) }
}

/**
 * Gives somebody who has signed in what the guest of the same browser has in a REPL, as if they had opened its links
 * again: whether that was anything.
 */
export async function carryOver(
  deps: RedeemDeps,
  who: Extract<Principal, { kind: 'user' }>,
  { guestCookie, replId }: { guestCookie: string; replId: string },
): Promise<boolean> {
  const { stateStore, now } = deps
  const guest = await guestOf(stateStore, guestCookie)
  if (guest === undefined) return false
  const shares = await liveSharesOf(stateStore, { personId: guest.id, replId, now: now() })
  let isAny = false
  for (const share of shares) {
    const isGiven = await grant(deps, share, { kind: 'user', id: who.id, name: who.name }).then(
      () => true,
      (error: unknown) => {
        // Revoked a moment ago, or taken back from them.
        const { code } = toAppError(error)
        if (code === 'gone' || code === 'forbidden') return false
        throw error
      },
    )
    isAny ||= isGiven
  }
  return isAny
}

async function shareBehind({ stateStore, now }: RedeemDeps, token: string): Promise<Share> {
  const found = await stateStore.get(shareKeys.token(hashSecret(token)))
  if (found === undefined) throw linkGone()
  const { replId, shareId } = fromRecord(shareTokenSchema, found)
  const record = await stateStore.get(shareKeys.share(replId, shareId))
  const share = record === undefined ? undefined : fromRecord(shareSchema, record)
  if (share === undefined || !isLive(share, now())) throw linkGone()
  return share
}

/** Whoever has the link can ask for guests without end, each of whom is in the store for weeks. */
async function newGuest(deps: RedeemDeps, share: Share) {
  deps.admitGuest(share.id)
  const value = newSecret()
  const guest = { id: newId(), name: 'Guest' }
  const left = share.expiresAt === undefined ? GUEST_TTL_MS : share.expiresAt - deps.now()
  const ttlMs = Math.max(1000, Math.min(GUEST_TTL_MS, left))
  await deps.stateStore.put(shareKeys.guest(hashSecret(value)), guest, { expected: 'absent', ttlMs })
  await grant(deps, share, { kind: 'guest', ...guest })
  return { value, maxAgeSeconds: Math.ceil(ttlMs / 1000) }
}

/** A right tied to the link: written only while the link is there, so that it cannot outlive a revocation. */
async function grant(deps: RedeemDeps, share: Share, person: SharePerson): Promise<void> {
  const { stateStore } = deps
  const changesRole = await isNewRole(deps, share, person)
  // A guest is nobody once their cookie has run out: what is written of them goes with it, or whoever opens a link
  // again and again without one would fill the store.
  const life = person.kind === 'guest' ? { ttlMs: GUEST_TTL_MS } : {}
  const grantKey = shareKeys.grant(person.id, share)
  const given: Write = { kind: 'put', key: grantKey, value: null, expected: 'any', ...life }
  // The owner is shown the people of a link, and its end goes through all of them: guests are no part of either. A
  // guest's grant is nothing without the link, and is gone by itself some time after it.
  const personKey = shareKeys.person(share, person.id)
  await retryConflicts(async () => {
    const [record, known] = await stateStore.getMany([shareKeys.share(share.replId, share.id), personKey])
    if (record === undefined) throw linkGone()
    if (known !== undefined && fromRecord(sharePersonSchema, known).isOut === true) throw takenBack()
    const expected = known === undefined ? 'absent' : { version: known.version }
    await stateStore.transact([
      { kind: 'check', key: record.key, expected: { version: record.version } },
      given,
      ...(person.kind === 'user'
        ? [{ kind: 'put', key: personKey, value: toJson(person), expected } satisfies Write]
        : []),
    ])
  })
  // Pages that they have open have another role now.
  if (changesRole) await hintRights(stateStore, share.replId, { share: share.id })
  await stateStore.publish(listChannel(person.id), { share: share.id })
}

/**
 * Whether this link lets them do more in the repl than they may already. All who are there are asked for their right again
 * then, so whoever has a link must not bring it about at will: guests only ever look, and anybody can be a new one.
 */
async function isNewRole({ stateStore, now }: RedeemDeps, share: Share, person: SharePerson): Promise<boolean> {
  if (person.kind === 'guest') return false
  const held = await liveSharesOf(stateStore, { personId: person.id, replId: share.replId, now: now() })
  return !held.some(({ role }) => isAtLeast(role, share.role))
}

function takenBack(): AppError {
  return new AppError('forbidden', 'The owner of this REPL took back what this link gave you.', {
    advice: 'Ask them to let you in again.',
  })
}

function linkGone(): AppError {
  return new AppError('gone', 'This link does not work any more, or never did.', {
    advice: 'Ask whoever sent it for a new one.',
  })
}
