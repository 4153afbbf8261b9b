import { isAtLeast } from '#protocol/roles.ts'
import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import type { Repl } from '#server/repls/record.ts'
import type { Access, Grant } from '#server/repls/repls.ts'
import { liveSharesOf } from '#server/repls/share-records.ts'
import type { Share } from '#server/repls/share-records.ts'
import type { Solitude } from '#server/repls/solitude.ts'
import { noSuchRepl, rightsChannel } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

interface AccessDeps {
  stateStore: StateStore
  store: ReplStore
  solitude: Solitude
  now: () => number
}

export function createAccess({ stateStore, store, solitude, now }: AccessDeps): Access {
  const grantOf = async (who: Principal | undefined, replId: string): Promise<Grant | undefined> => {
    if (who === undefined) return undefined
    const repl = await store.get(replId)
    if (repl === undefined) return undefined
    if (isOwner(who, repl)) return OWNER
    if (repl.state.kind === 'deleted') return undefined
    const shares = await liveSharesOf(stateStore, { personId: who.id, replId, now: now() })
    return bestGrant(who, shares, solitude)
  }

  return {
    grantOf,
    require: async (who, replId, role) => {
      if (who === undefined) throw new AppError('unauthenticated', 'Sign in first.')
      const grant = await grantOf(who, replId)
      if (grant === undefined) throw noSuchRepl()
      if (!isAtLeast(grant.role, role)) {
        throw new AppError('forbidden', `That needs the role ${role}; yours here is ${grant.role}.`, {
          advice: solitude.isKept
            ? 'This server cannot isolate sandboxes, so through a link only its administrator may do more than look.'
            : 'Ask the owner of this REPL.',
        })
      }
      return grant
    },
    onChange: (replId, listener) => stateStore.subscribe(rightsChannel(replId), listener),
    isPortPublic: async (replId, port) => {
      const repl = await store.get(replId)
      return repl !== undefined && repl.state.kind !== 'deleted' && repl.publicPorts.includes(port)
    },
  }
}

const OWNER: Grant = { role: 'owner', via: { kind: 'owner' } }

/** Whether the repl is this person's own. */
export function isOwner(who: Principal, repl: Repl): boolean {
  return who.kind === 'user' && who.id === repl.owner.id
}

/** The strongest of several links, and of equally strong ones the one that lasts longest. */
export function bestGrant(who: Principal, shares: Share[], solitude: Solitude): Grant | undefined {
  const usable = shares.filter((share) => who.kind === 'user' || share.allowSignedOut)
  const best = usable.reduce<Share | undefined>(
    (best, share) => (best === undefined || isBetter(share, best) ? share : best),
    undefined,
  )
  if (best === undefined) return undefined
  return {
    role: solitude.roleByLink(who, best.role),
    via: { kind: 'share', shareId: best.id, ...(best.expiresAt !== undefined && { expiresAt: best.expiresAt }) },
  }
}

function isBetter(share: Share, than: Share): boolean {
  if (share.role !== than.role) return isAtLeast(share.role, than.role)
  return (share.expiresAt ?? Infinity) > (than.expiresAt ?? Infinity)
}
