import type { Principal } from '#server/auth/principal.ts'
import { AppError } from '#server/errors.ts'
import { createBell } from '#server/repls/bell.ts'
import { WATCH_POLL_MS, WATCH_SETTLE_MS } from '#server/repls/limits.ts'
import { listChannel, replChannel } from '#server/repls/store.ts'
import type { ReplView } from '#server/repls/views.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import { setTimeout as delay } from 'node:timers/promises'

interface WatchDeps {
  stateStore: StateStore
  /** The view, and until when the asker may see it at most; `undefined` once they may not. */
  look(who: Principal, replId: string): Promise<{ view: ReplView; until: number | undefined } | undefined>
  list(who: Principal): Promise<ReplView[]>
  now: () => number
}

/** The repl now and after every change. A slow reader gets the newest state only. A store out of reach is waited out. */
export async function* watchRepl(
  deps: WatchDeps,
  who: Principal,
  { replId, signal }: { replId: string; signal: AbortSignal },
): AsyncIterable<ReplView> {
  const bell = createBell()
  await using hints = createHints(deps.stateStore, bell.ring)
  let shown: string | undefined
  while (!signal.aborted) {
    const answer = await unlessUnavailable(async () => {
      await hints.follow(replChannel(replId))
      return deps.look(who, replId)
    })
    if (answer === UNAVAILABLE) {
      await bell.wait(WATCH_POLL_MS, signal)
      continue
    }
    if (answer === undefined) throw new AppError('forbidden', 'You have no access to this REPL any more.')
    const text = JSON.stringify(answer.view)
    if (text !== shown) {
      shown = text
      yield answer.view
    }
    const left = answer.until === undefined ? Infinity : Math.max(0, answer.until - deps.now())
    await bell.wait(Math.min(WATCH_POLL_MS, left + 1), signal)
  }
}

/** Everything that somebody sees, now and after every change of any of it. A store out of reach is waited out. */
export async function* watchRepls(deps: WatchDeps, who: Principal, signal: AbortSignal): AsyncIterable<ReplView[]> {
  const bell = createBell()
  await using hints = createHints(deps.stateStore, bell.ring)
  let shown: string | undefined
  while (!signal.aborted) {
    const repls = await unlessUnavailable(async () => {
      await hints.follow(listChannel(who.id))
      const listed = await deps.list(who)
      // Hints about own repls come by the owner's channel; those shared by others have one each.
      for (const { id, owner } of listed) if (owner.id !== who.id) await hints.follow(replChannel(id))
      return listed
    })
    const text = JSON.stringify(repls)
    if (repls !== UNAVAILABLE && text !== shown) {
      shown = text
      yield repls
    }
    await bell.wait(WATCH_POLL_MS, signal)
    if (!signal.aborted) await delay(WATCH_SETTLE_MS)
  }
}

interface Hints extends AsyncDisposable {
  /** Lets hints of `channel` ring, from the first time that works until the end. */
  follow(channel: string): Promise<void>
}

function createHints(stateStore: StateStore, ring: () => void): Hints {
  const followed = new AsyncDisposableStack()
  const channels = new Set<string>()
  return {
    async follow(channel) {
      if (channels.has(channel)) return
      followed.use(await stateStore.subscribe(channel, ring))
      channels.add(channel)
    },
    [Symbol.asyncDispose]: () => followed.disposeAsync(),
  }
}

const UNAVAILABLE = Symbol('unavailable')

/** What `ask` answers, unless nobody could be asked: that says nothing about who may see what, and the next poll asks again. */
async function unlessUnavailable<T>(ask: () => Promise<T>): Promise<T | typeof UNAVAILABLE> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof AppError && error.code === 'unavailable') return UNAVAILABLE
    throw error
  }
}
