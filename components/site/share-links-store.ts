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
  setOut(person: { shareId: string; personId: string; isOut: boolean }): Promise<void>
  errorOf(error: unknown): WireError
}

export interface ShareLinksSnapshot {
  /** Newest first; absent until loaded. */
  shares?: readonly ShareView[]
  error?: WireError
  isCreating: boolean
  /** The link just made: shown this once, whether or not the others could be loaded. It cannot be read again. */
  created?: { share: ShareView; token: string }
  revoking: ReadonlySet<string>
}

export interface ShareLinksStore {
  subscribe: (listener: () => void) => () => void
  getSnapshot: () => ShareLinksSnapshot
  load: () => Promise<void>
  create: (draft: ShareDraft) => Promise<void>
  revoke: (shareId: string) => Promise<void>
  /** Takes back what a link gave to one person, or lets them in again. */
  setOut: (person: { shareId: string; personId: string; isOut: boolean }) => Promise<void>
}

/** The links of one repl. */
export function createShareLinksStore(api: ShareLinksApi): ShareLinksStore {
  let snapshot: ShareLinksSnapshot = { isCreating: false, revoking: new Set() }
  const listeners = new Set<() => void>()
  /** Made here, oldest first, and revoked here: an answer that was asked for before does not know of it. */
  const made: ShareView[] = []
  const revoked = new Set<string>()

  function set(next: ShareLinksSnapshot): void {
    snapshot = next
    for (const listener of listeners) listener()
  }

  function without<Key extends 'error' | 'created'>(key: Key): Omit<ShareLinksSnapshot, Key> {
    const { [key]: _, ...rest } = snapshot
    return rest
  }

  /** Runs `call`; what fails is shown, and shown no longer when the next call begins. */
  async function attempt(call: () => Promise<void>): Promise<boolean> {
    set(without('error'))
    try {
      await call()
      return true
    } catch (error) {
      set({ ...snapshot, error: api.errorOf(error) })
      return false
    }
  }

  async function load(): Promise<void> {
    const madeBefore = made.length
    await attempt(async () => {
      const listed = newestFirst(await api.list())
      const shares = withLinks(listed, made.slice(madeBefore).toReversed()).filter(({ id }) => !revoked.has(id))
      set({ ...snapshot, shares })
    })
  }

  return {
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    getSnapshot: () => snapshot,
    load,
    async create({ role, expiry, allowSignedOut }) {
      const ms = EXPIRIES.find((option) => option.value === expiry)?.ms
      set({ ...snapshot, isCreating: true })
      const isMade = await attempt(async () => {
        const created = await api.create({
          role,
          allowSignedOut: role === 'viewer' && allowSignedOut,
          ...(ms !== undefined && { expiresAt: Date.now() + ms }),
        })
        made.push(created.share)
        const { shares } = snapshot
        set({ ...snapshot, created, ...(shares !== undefined && { shares: withLinks(shares, [created.share]) }) })
      })
      set({ ...snapshot, isCreating: false })
      // The others are shared too, though their list could not be read.
      if (isMade && snapshot.shares === undefined) await load()
    },
    async setOut(person) {
      await attempt(async () => {
        await api.setOut(person)
        const shares = snapshot.shares?.map((share) => (share.id === person.shareId ? withOut(share, person) : share))
        set({ ...snapshot, ...(shares !== undefined && { shares }) })
      })
    },
    async revoke(shareId) {
      set({ ...snapshot, revoking: new Set([...snapshot.revoking, shareId]) })
      await attempt(async () => {
        await api.revoke(shareId)
        revoked.add(shareId)
        if (snapshot.created?.share.id === shareId) set(without('created'))
        const shares = snapshot.shares?.filter((share) => share.id !== shareId)
        set({ ...snapshot, ...(shares !== undefined && { shares }) })
      })
      set({ ...snapshot, revoking: new Set([...snapshot.revoking].filter((id) => id !== shareId)) })
    },
  }
}

function withOut(share: ShareView, { personId, isOut }: { personId: string; isOut: boolean }): ShareView {
  const people = share.people.map((person) => {
    if (person.id !== personId) return person
    const { isOut: _, ...rest } = person
    return isOut ? { ...rest, isOut } : rest
  })
  return { ...share, people }
}

/** `links` before `shares`, each once. */
function withLinks(shares: readonly ShareView[], links: readonly ShareView[]): ShareView[] {
  const ids = new Set(links.map(({ id }) => id))
  return [...links, ...shares.filter(({ id }) => !ids.has(id))]
}

function newestFirst(shares: ShareView[]): ShareView[] {
  return shares.toSorted((one, other) => other.createdAt - one.createdAt)
}
