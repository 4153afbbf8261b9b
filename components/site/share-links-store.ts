import type { WireError } from '#protocol/errors.ts'
import type { CreateShare, ShareView } from '#server/repls/views.ts'

const HOUR_MS = 60 * 60 * 1000

/** How long a link can be good for. */
export const EXPIRIES = [
  { value: 'never', label: 'Never expires', ms: undefined },
  { value: 'hour', label: 'For 1 hour', ms: HOUR_MS },
  { value: 'day', label: 'For 1 day', ms: 24 * HOUR_MS },
  { value: 'week', label: 'For 7 days', ms: 7 * 24 * HOUR_MS },
] as const
export type Expiry = (typeof EXPIRIES)[number]['value']

/** What somebody chose for a new link. */
export interface ShareDraft {
  role: ShareView['role']
  expiry: Expiry
  allowSignedOut: boolean
}

/** What the dialog needs of the API. */
export interface ShareLinksApi {
  list(): Promise<ShareView[]>
  create(input: CreateShare): Promise<{ share: ShareView; token: string }>
  revoke(shareId: string): Promise<void>
  errorOf(error: unknown): WireError
}

export interface ShareLinksSnapshot {
  /** Newest first; absent until loaded. */
  shares?: readonly ShareView[]
  error?: WireError
  isCreating: boolean
  /** The link just made: shown this once, it cannot be read again. */
  created?: { shareId: string; token: string }
  revoking: ReadonlySet<string>
}

export interface ShareLinksStore {
  subscribe: (listener: () => void) => () => void
  getSnapshot: () => ShareLinksSnapshot
  load: () => Promise<void>
  create: (draft: ShareDraft) => Promise<void>
  revoke: (shareId: string) => Promise<void>
}

/** The links of one repl. */
export function createShareLinksStore(api: ShareLinksApi): ShareLinksStore {
  let snapshot: ShareLinksSnapshot = { isCreating: false, revoking: new Set() }
  const listeners = new Set<() => void>()

  function set(next: ShareLinksSnapshot): void {
    snapshot = next
    for (const listener of listeners) listener()
  }

  function without<Key extends 'error' | 'created'>(key: Key): Omit<ShareLinksSnapshot, Key> {
    const { [key]: _, ...rest } = snapshot
    return rest
  }

  /** Runs `call`; what fails is shown, and shown no longer when the next call begins. */
  async function attempt(call: () => Promise<void>): Promise<void> {
    set(without('error'))
    try {
      await call()
    } catch (error) {
      set({ ...snapshot, error: api.errorOf(error) })
    }
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => snapshot,
    load: () => attempt(async () => set({ ...snapshot, shares: newestFirst(await api.list()) })),
    async create({ role, expiry, allowSignedOut }) {
      const ms = EXPIRIES.find((option) => option.value === expiry)?.ms
      set({ ...snapshot, isCreating: true })
      await attempt(async () => {
        const { share, token } = await api.create({
          role,
          allowSignedOut: role === 'viewer' && allowSignedOut,
          ...(ms !== undefined && { expiresAt: Date.now() + ms }),
        })
        set({ ...snapshot, shares: [share, ...(snapshot.shares ?? [])], created: { shareId: share.id, token } })
      })
      set({ ...snapshot, isCreating: false })
    },
    async revoke(shareId) {
      set({ ...snapshot, revoking: new Set([...snapshot.revoking, shareId]) })
      await attempt(async () => {
        await api.revoke(shareId)
        if (snapshot.created?.shareId === shareId) set(without('created'))
        set({ ...snapshot, shares: (snapshot.shares ?? []).filter((share) => share.id !== shareId) })
      })
      set({ ...snapshot, revoking: new Set([...snapshot.revoking].filter((id) => id !== shareId)) })
    },
  }
}

function newestFirst(shares: ShareView[]): ShareView[] {
  return shares.toSorted((one, other) => other.createdAt - one.createdAt)
}
