import { AppError, fromWireError } from '#server/errors.ts'
import type { Log } from '#server/log.ts'
import { createBell } from '#server/repls/bell.ts'
import type { Driver } from '#server/repls/driver.ts'
import { DELETE_WAIT_MS, STOP_ALL_PARALLEL, WATCH_POLL_MS } from '#server/repls/limits.ts'
import { isMoving, isRunningPlace, sandboxOf } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { transition } from '#server/repls/repl.ts'
import type { ReplEvent } from '#server/repls/repl-events.ts'
import type { Lifecycle, RunningSandbox } from '#server/repls/repls.ts'
import type { Solitude } from '#server/repls/solitude.ts'
import type { Spares } from '#server/repls/spares.ts'
import { noSuchRepl, replChannel } from '#server/repls/store.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { Touches } from '#server/repls/touches.ts'
import type { StateStore } from '#server/state-store/state-store.ts'

/** `Lifecycle`, and what `Repls` and the sweeper ask of it. */
export interface Lives extends Lifecycle {
  /** Begins a start or the resumption of what was kept, or joins it. */
  start: (replId: string) => Promise<Repl>
  stop: (replId: string) => Promise<Repl>
  /** Stops first where something runs; throws the reason if the last save fails: then nothing is deleted. */
  delete: (replId: string) => Promise<Repl>
  /** Applies an event that nobody waits for, and drives what it began; a refusal is no error. */
  tell(replId: string, event: ReplEvent): Promise<Repl>
}

interface LifecycleDeps {
  stateStore: StateStore
  store: ReplStore
  driver: Driver
  spares: Spares
  touches: Touches
  solitude: Solitude
  log: Log
  now: () => number
}

export function createLifecycle(deps: LifecycleDeps): Lives {
  const { store, driver, now } = deps
  let isClosing = false

  const tell = async (replId: string, event: ReplEvent) => {
    const { repl } = await store.update(replId, (current) => transition(current, event))
    if (isMoving(repl)) driver.drive(replId)
    return repl
  }
  const ask = async (replId: string, eventOf: (repl: Repl) => ReplEvent) => {
    const { repl, refusal } = await store.update(replId, (current) => transition(current, eventOf(current)))
    if (refusal !== undefined && refusal.refused !== 'already') throw new AppError('conflict', refusal.message)
    if (isMoving(repl)) driver.drive(replId)
    // What runs is stopped first, and logged as deleted when that is done.
    if (refusal === undefined && repl.state.kind === 'deleted') {
      deps.log.info('deleted a REPL', { repl: replId, generation: repl.generation })
    }
    return repl
  }

  const start = async (replId: string) => {
    if (isClosing) throw new AppError('unavailable', 'Devex is stopping.')
    if (deps.solitude.isKept) await deps.solitude.requireOwner(await ownerOf(replId))
    return await ask(replId, (repl) => ({ type: canResume(repl) ? 'resume-asked' : 'start-asked', at: now() }))
  }
  const ownerOf = async (replId: string) => {
    const repl = await store.get(replId)
    if (repl === undefined) throw noSuchRepl()
    return repl.owner.id
  }
  const stop = (replId: string) => ask(replId, () => ({ type: 'stop-asked', at: now() }))

  /** The repl when `isDone` says so; `undefined` if `signal` aborts before. */
  const until = async (replId: string, isDone: (repl: Repl) => boolean, signal: AbortSignal) => {
    const bell = createBell()
    await using _hints = await deps.stateStore.subscribe(replChannel(replId), bell.ring)
    while (!signal.aborted) {
      const repl = await store.get(replId)
      if (repl === undefined) throw noSuchRepl()
      if (isDone(repl)) return repl
      driver.drive(replId)
      await bell.wait(WATCH_POLL_MS, signal)
    }
    return undefined
  }

  return {
    start,
    stop,
    tell,

    delete: async (replId) => {
      const asked = await ask(replId, () => ({ type: 'delete-asked', at: now() }))
      const rested = await until(replId, (repl) => !isMoving(repl), AbortSignal.timeout(DELETE_WAIT_MS))
      if (rested?.state.kind === 'failed') {
        throw new AppError('unavailable', `It was not deleted: its last save failed. ${rested.state.error.message}`, {
          advice: 'Try to stop it again, or resume it: its sandbox is kept.',
        })
      }
      return rested ?? asked
    },

    ensureRunning: async (replId, signal, { isMeant = false } = {}) => {
      const repl = await store.get(replId)
      if (repl === undefined || repl.state.kind === 'deleted') throw noSuchRepl()
      if (repl.state.kind === 'running') return { sandboxId: repl.state.sandboxId, generation: repl.generation }
      // Somebody wants it to sleep: an open page that connects again, or a poll of a preview, must not undo that.
      if (repl.state.kind === 'stopping' && !isMeant) {
        throw new AppError('unavailable', 'The REPL is stopping.', { advice: 'It can be started again in a moment.' })
      }
      if (isWakeable(repl)) await start(replId)
      const rested = await until(replId, (current) => current.state.kind === 'running' || !isMoving(current), signal)
      if (rested === undefined) throw new AppError('unavailable', 'Nobody waits for this start any more.')
      return runningOrThrow(rested)
    },

    running: async (replId) => {
      const repl = await store.get(replId)
      return repl?.state.kind === 'running'
        ? { sandboxId: repl.state.sandboxId, generation: repl.generation }
        : undefined
    },

    touch: (replId) => deps.touches.touch(replId),

    stopAll: async () => {
      isClosing = true
      const drained = deps.spares.drain().catch((error: unknown) => deps.log.error('spares were not removed', error))
      const ids: string[] = []
      for await (const repl of store.all()) if (isRunningPlace(repl)) ids.push(repl.id)
      const stopNext = async () => {
        for (let replId = ids.shift(); replId !== undefined; replId = ids.shift()) {
          try {
            await stop(replId)
            await until(replId, (repl) => !isMoving(repl), new AbortController().signal)
          } catch (error) {
            deps.log.error('a repl could not be stopped', error, { repl: replId })
          }
        }
      }
      await Promise.all(Array.from({ length: STOP_ALL_PARALLEL }, stopNext))
      await drained
    },
  }
}

function canResume(repl: Repl): boolean {
  return repl.state.kind === 'failed' && sandboxOf(repl) !== undefined
}

/** A touch starts what sleeps or was lost. A failed start waits for a person, or every reconnect would repeat it. */
function isWakeable(repl: Repl): boolean {
  const { state } = repl
  return (
    state.kind === 'stopped' ||
    state.kind === 'stopping' ||
    (state.kind === 'failed' && state.during === 'run' && state.sandboxId === null)
  )
}

function runningOrThrow(repl: Repl): RunningSandbox {
  switch (repl.state.kind) {
    case 'running':
      return { sandboxId: repl.state.sandboxId, generation: repl.generation }
    case 'failed': {
      const reason = fromWireError(repl.state.error)
      throw new AppError('unavailable', reason.message, {
        cause: reason,
        ...(reason.advice !== undefined && { advice: reason.advice }),
      })
    }
    case 'deleted':
      throw noSuchRepl()
    case 'stopped':
    case 'starting':
    case 'stopping':
      throw new AppError('unavailable', 'It was stopped before it ran.', { advice: 'Start it again.' })
  }
}
