import { AppError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { createBell } from '#server/repls/bell.ts'
import type { Bell } from '#server/repls/bell.ts'
import { keepLease } from '#server/repls/keep-lease.ts'
import { DRIVE_LEASE_MS, DRIVE_STANDBY_MS } from '#server/repls/limits.ts'
import { isMoving } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { isRefusal } from '#server/repls/repl-events.ts'
import { transition } from '#server/repls/repl.ts'
import type { Refusal, ReplEvent } from '#server/repls/repl-events.ts'
import { replChannel } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { Lease, StateStore } from '#server/state-store/state-store.ts'

/** One piece of work on a moving repl, under a lease. */
export interface Work {
  /** The repl when the work began. */
  repl: Repl
  /** Aborts when somebody else took over or the repl was asked to do something else: then nothing more may be written. */
  signal: AbortSignal
  /** Writes an event in this work's name; throws `signal.reason` where that is refused. */
  apply(event: ReplEvent): Promise<Repl>
}

export interface Driver extends AsyncDisposable {
  /** Sees to it that a moving repl arrives: here, or on the control plane that has its lease. Many calls are one. */
  drive(replId: string): void
  /** Resolves when nothing is driven here any more. */
  idle(): Promise<void>
}

interface DriverDeps {
  stateStore: StateStore
  store: ReplStore
  log: Log
  start(work: Work): Promise<void>
  stop(work: Work): Promise<void>
}

/**
 * Carries starts and stops out. The record is all there is to know: whoever holds the lease reads it, does the next step
 * and writes what came of it, so a control plane that dies leaves nothing that another cannot finish.
 */
export function createDriver(deps: DriverDeps): Driver {
  const { log } = deps
  const closing = new AbortController()
  const drives = new Map<string, { isCalledAgain: boolean; done: Promise<void> }>()

  const drive = (replId: string) => {
    if (closing.signal.aborted) return
    const current = drives.get(replId)
    if (current !== undefined) {
      current.isCalledAgain = true
      return
    }
    const entry = { isCalledAgain: false, done: Promise.resolve() }
    drives.set(replId, entry)
    entry.done = run(replId).then(() => {
      drives.delete(replId)
      if (entry.isCalledAgain) drive(replId)
    })
  }

  const run = async (replId: string) => {
    try {
      await driveToRest(deps, replId, closing.signal)
    } catch (error) {
      if (!closing.signal.aborted) log.error('driving a repl failed; the sweeper tries again', error, { repl: replId })
    }
  }

  const idle = async () => {
    while (drives.size > 0) await Promise.all([...drives.values()].map(({ done }) => done))
  }

  return {
    drive,
    idle,
    [Symbol.asyncDispose]: async () => {
      closing.abort(new AppError('unavailable', 'This control plane is stopping.'))
      await idle()
    },
  }
}

/** Until the repl rests: takes the lease, or stands by while another control plane has it, ready to go on in its place. */
async function driveToRest(deps: DriverDeps, replId: string, closing: AbortSignal): Promise<void> {
  const bell = createBell()
  await using _hints = await deps.stateStore.subscribe(replChannel(replId), bell.ring)
  while (!closing.aborted) {
    const repl = await deps.store.get(replId)
    if (repl === undefined || !isMoving(repl)) return
    const lease = await deps.stateStore.lease(`drive:${replId}`, DRIVE_LEASE_MS)
    if (lease === undefined) await bell.wait(DRIVE_STANDBY_MS, closing)
    else await driveUnder(deps, lease, { replId, bell, closing })
  }
}

interface Drive {
  replId: string
  bell: Bell
  closing: AbortSignal
}

async function driveUnder(deps: DriverDeps, lease: Lease, drive: Drive): Promise<void> {
  await using held = keepLease(lease, { ms: DRIVE_LEASE_MS, log: deps.log })
  const signal = AbortSignal.any([drive.closing, held.lost])
  let before: string | undefined
  while (!signal.aborted) {
    const repl = await deps.store.get(drive.replId)
    if (repl === undefined || !isMoving(repl)) return
    // Another lease has written since, or nothing can be written: leave it to the next holder, not to a hot loop.
    const state = JSON.stringify(repl.state)
    if (repl.fence > lease.fence || state === before) {
      await drive.bell.wait(DRIVE_STANDBY_MS, signal)
      return
    }
    before = state
    await step(deps, { ...drive, repl, fence: lease.fence, signal })
  }
}

/** One start or stop, cut short when the record no longer asks for it. */
async function step(
  deps: DriverDeps,
  { repl, fence, signal, bell }: Drive & { repl: Repl; fence: number; signal: AbortSignal },
): Promise<void> {
  const superseded = new AbortController()
  const done = new AbortController()
  const own = AbortSignal.any([signal, superseded.signal])
  const watching = watchForOther(deps, { repl, bell, until: AbortSignal.any([own, done.signal]), superseded })
  const work: Work = {
    repl,
    signal: own,
    apply: async (event) => {
      own.throwIfAborted()
      const { repl: next, refusal } = await deps.store.update(repl.id, (current) => fenced(current, event, fence))
      // Overtaken by another holder of the lease is not the same as asked for something else: that one goes on with it.
      const code = refusal?.refused === 'stale' ? 'unavailable' : 'conflict'
      if (refusal === undefined) return next
      superseded.abort(new AppError(code, refusal.message))
      throw own.reason
    },
  }
  try {
    await (repl.state.kind === 'starting' ? deps.start(work) : deps.stop(work))
  } catch (error) {
    if (!own.aborted) throw error
  } finally {
    done.abort()
    await watching
  }
}

/** Looks at the record whenever it was hinted to have changed, and aborts what it no longer asks for. */
async function watchForOther(
  deps: DriverDeps,
  { repl, bell, until, superseded }: { repl: Repl; bell: Bell; until: AbortSignal; superseded: AbortController },
): Promise<void> {
  while (!until.aborted) {
    await bell.wait(DRIVE_LEASE_MS, until)
    if (until.aborted) return
    const now = await deps.store.get(repl.id).catch(() => repl)
    if (now?.generation !== repl.generation || now.state.kind !== repl.state.kind) {
      superseded.abort(new AppError('conflict', 'It was asked to do something else.'))
    }
  }
}

/** `event`, unless somebody with a later lease has written already. */
function fenced(repl: Repl, event: ReplEvent, fence: number): Repl | Refusal {
  if (repl.fence > fence) return TOO_LATE
  const next = transition(repl, event)
  return isRefusal(next) ? next : { ...next, fence }
}

const TOO_LATE = { refused: 'stale', message: 'Another control plane has taken over.' } as const
