import { AppError } from '#server/errors.ts'
import type { GatewayLimits } from '#server/gateway/limits.ts'
import type { Decision, Right } from '#server/gateway/right.ts'
import { watchRight } from '#server/gateway/right.ts'
import type { Log } from '#server/log.ts'
import type { Principal, SignIn, SignInAuthenticator } from '#server/auth/principal.ts'
import type { Access, Grant } from '#server/repls/repls.ts'

/** A right in use: `signal` aborts with an `AppError` once it is gone. Release it when the use ends. */
export interface Hold<T> {
  readonly value: T
  readonly signal: AbortSignal
  /** Asks again at once, where it may just have been lost. */
  readonly confirm: () => void
  readonly release: () => void
}

/** Watches rights in use, and remembers answers about access until they may have changed. */
export interface AccessWatch extends AsyncDisposable {
  /**
   * Asks `decide`, which throws an `AppError` where there is no right: then nothing is kept. Asks it again after every
   * change of the repl's grants, from time to time, and when the right expires.
   */
  hold<T extends Decision>(replId: string, decide: () => Promise<T>): Promise<Hold<T>>
  /** `access.grantOf`, remembered for a moment. */
  grantOf(who: Principal, replId: string): Promise<Grant | undefined>
  /** `auth.holderOf`, remembered for a moment by those who look after this repl. */
  holderOf(signIn: SignIn, replId: string): Promise<Principal | undefined>
  /** `access.isPortPublic`, remembered for a moment. */
  isPortPublic(replId: string, port: number): Promise<boolean>
}

interface Remembered<T> {
  answer: Promise<T>
  until: number
}

/** What is known of a repl's visitors, kept while there are any. */
interface Room {
  subscription: Promise<AsyncDisposable>
  rights: Set<Right>
  grants: Map<string, Remembered<Grant | undefined>>
  holders: Map<string, Remembered<Principal | undefined>>
  ports: Map<number, Remembered<boolean>>
  /** Decisions under way. */
  entering: number
  /** How often its grants have changed. */
  changes: number
  lastUsed: number
}

interface WatchParts {
  auth: SignInAuthenticator
  access: Access
  log: Log
  limits: GatewayLimits
}

/** A watch over `access` and sign-ins: one subscription per repl in use. */
export function createAccessWatch({ auth, access, log, limits }: WatchParts): AccessWatch {
  const rooms = new Map<string, Room>()

  function open(replId: string): Room {
    const room: Room = {
      subscription: access.onChange(replId, () => {
        forget(room)
        room.changes += 1
        for (const right of room.rights) right.confirm(true)
      }),
      rights: new Set(),
      grants: new Map(),
      holders: new Map(),
      ports: new Map(),
      entering: 0,
      changes: 0,
      lastUsed: Date.now(),
    }
    rooms.set(replId, room)
    // Whoever waits for a failed subscription fails with it; the next visitor tries anew.
    room.subscription.catch(() => rooms.delete(replId))
    return room
  }

  /** The repl's room, subscribed: a change after this is seen. */
  async function enter(replId: string): Promise<Room> {
    const room = rooms.get(replId) ?? open(replId)
    room.lastUsed = Date.now()
    await room.subscription
    return room
  }

  function close(replId: string, room: Room): void {
    rooms.delete(replId)
    room.subscription
      .then((subscription) => subscription[Symbol.asyncDispose]())
      .catch((error: unknown) => log.error('could not unsubscribe from access changes', error, { repl: replId }))
  }

  const timer = setInterval(() => {
    for (const [replId, room] of rooms) {
      for (const right of room.rights) right.confirm(false)
      forget(room)
      if (room.rights.size + room.entering === 0 && Date.now() - room.lastUsed > limits.roomIdleMs) close(replId, room)
    }
  }, limits.recheckEveryMs)
  timer.unref()

  return {
    hold: async (replId, decide) => {
      // Anybody may name any id: only for somebody with a right is a room opened.
      if (!rooms.has(replId)) await decide()
      const room = await enter(replId)
      const { changes } = room
      const first = await whileEntered(room, decide)
      const right = watchRight({ first, decide, limits, rights: room.rights })
      right.signal.addEventListener('abort', () => logUnconfirmed(log, replId, right.signal.reason), { once: true })
      // What was decided on may have been read before a change that has been told since.
      if (room.changes !== changes) right.confirm(true)
      return { value: first, signal: right.signal, confirm: () => right.confirm(true), release: right.stop }
    },
    grantOf: async (who, replId) => {
      const { grants } = await enter(replId)
      return recall(grants, `${who.kind}:${who.id}`, {
        ask: () => access.grantOf(who, replId),
        ttlMs: limits.grantCacheMs,
      })
    },
    holderOf: async (signIn, replId) => {
      const { holders } = await enter(replId)
      return recall(holders, `${signIn.userId}:${signIn.signInId}`, {
        ask: () => auth.holderOf(signIn),
        ttlMs: limits.signInCacheMs,
      })
    },
    isPortPublic: async (replId, port) => {
      // Anybody may ask this of any id: only repls in use are remembered.
      if (!rooms.has(replId)) return access.isPortPublic(replId, port)
      const { ports } = await enter(replId)
      return recall(ports, port, { ask: () => access.isPortPublic(replId, port), ttlMs: limits.grantCacheMs })
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      for (const [replId, room] of rooms) {
        for (const right of room.rights) right.stop()
        close(replId, room)
      }
    },
  }
}

/** That a right is gone is nothing to look into; that nobody could say so is. */
function logUnconfirmed(log: Log, replId: string, reason: unknown): void {
  if (!(reason instanceof AppError) || reason.code !== 'unavailable') return
  log.warn('a connection was ended, since its right could not be confirmed in time', { repl: replId })
}

async function whileEntered<T>(room: Room, work: () => Promise<T>): Promise<T> {
  room.entering += 1
  try {
    return await work()
  } finally {
    room.entering -= 1
  }
}

function forget(room: Room): void {
  room.grants.clear()
  room.holders.clear()
  room.ports.clear()
}

function recall<K, T>(
  known: Map<K, Remembered<T>>,
  key: K,
  { ask, ttlMs }: { ask: () => Promise<T>; ttlMs: number },
): Promise<T> {
  const entry = known.get(key)
  if (entry !== undefined && entry.until > Date.now()) return entry.answer
  const answer = ask()
  known.set(key, { answer, until: Date.now() + ttlMs })
  // Only answers are worth remembering.
  answer.catch(() => known.delete(key))
  return answer
}
