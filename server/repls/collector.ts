import { createUsers } from '#server/auth/users.ts'
import type { Log } from '#server/log.ts'
import { createBell } from '#server/repls/bell.ts'
import { COLLECT_EVERY_MS, COLLECT_LEASE_MS } from '#server/repls/limits.ts'
import type { ReplStore } from '#server/repls/store.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import type { Workspaces } from '#server/workspaces/workspaces.ts'

interface CollectorDeps {
  stateStore: StateStore
  store: ReplStore
  workspaces: Workspaces
  log: Log
}

/** Has what no snapshot needs any more deleted from the store, owner by owner, on one control plane at a time. */
export interface Collector extends AsyncDisposable {
  /** One pass now; `false` where another control plane is at it. */
  collect(): Promise<boolean>
}

export function createCollector(deps: CollectorDeps): Collector {
  const closing = new AbortController()
  const bell = createBell()

  const collect = async () => {
    await using lease = await deps.stateStore.lease('collect', COLLECT_LEASE_MS)
    if (lease === undefined) return false
    for await (const ownerId of createUsers(deps.stateStore).ids()) {
      if (closing.signal.aborted || !(await lease.renew())) return false
      await collectOwner(deps, ownerId)
    }
    return true
  }
  const run = async () => {
    while (!closing.signal.aborted) {
      await bell.wait(COLLECT_EVERY_MS, closing.signal)
      if (!closing.signal.aborted) await collect().catch((error: unknown) => deps.log.error('collecting failed', error))
    }
  }
  const running = run()

  return {
    collect,
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await running
    },
  }
}

async function collectOwner({ store, workspaces, log }: CollectorDeps, ownerId: string): Promise<void> {
  try {
    const replIds = (await store.ofOwner(ownerId)).map(({ id }) => id)
    const deleted = await workspaces.collect({ ownerId, replIds })
    if (deleted > 0) log.info('deleted objects that no snapshot needs', { owner: ownerId, objects: deleted })
  } catch (error) {
    log.error('the objects of an owner could not be collected', error, { owner: ownerId })
  }
}
