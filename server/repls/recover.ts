import { AppError } from '#server/errors.ts'
import type { ObjectStore } from '#server/object-store/object-store.ts'
import { createQuotas } from '#server/repls/quotas.ts'
import { REPL_FORMAT } from '#server/repls/record.ts'
import type { Repl } from '#server/repls/record.ts'
import { createReplStore } from '#server/repls/store.ts'
import type { StateStore } from '#server/state-store/state-store.ts'
import { readHead } from '#server/workspaces/head.ts'
import { replIdOfHead } from '#server/workspaces/keys.ts'

/** A repl whose files lie in the object store. */
export interface StoredRepl {
  replId: string
  ownerId: string
  name: string
  savedAt: number
  files: number
  bytes: number
  generation: number
  /** Whether the state store knows it. */
  isRegistered: boolean
}

/** Nobody is refused what was theirs because it is much. */
const NO_LIMITS = { replsPerUser: Infinity, runningReplsPerUser: Infinity }
const UNNAMED = 'Recovered'

/** Every repl that the object store holds files of: what is left when the state store is lost. */
export async function* storedRepls(objectStore: ObjectStore, stateStore: StateStore): AsyncGenerator<StoredRepl> {
  const store = createReplStore(stateStore, createQuotas(stateStore, NO_LIMITS))
  for await (const { key } of objectStore.list('repls/')) {
    const replId = replIdOfHead(key)
    const found = replId === undefined ? undefined : await readHead(objectStore, replId)
    if (replId === undefined || found === undefined) continue
    const { owner, name = UNNAMED, savedAt, files, bytes, generation } = found.head
    const isRegistered = (await store.get(replId)) !== undefined
    yield { replId, ownerId: owner, name, savedAt, files, bytes, generation, isRegistered }
  }
}

/**
 * Refuses what must not be begun: to make somebody the owner of nothing, and to make somebody another who has REPLs as who
 * they are now. Packs lie under their owner, so those cannot be carried over: nobody could reach them any more.
 */
export async function checkGivingBack(
  stateStore: StateStore,
  stored: readonly StoredRepl[],
  { userId, ownerId }: { userId: string; ownerId: string },
): Promise<void> {
  if (!stored.some((repl) => repl.ownerId === ownerId))
    throw new AppError('not_found', `The object store holds nothing of an owner ${ownerId}.`, {
      advice: 'npm run recover lists owners in its first column. Nothing was changed.',
    })
  if (userId === ownerId) return
  const store = createReplStore(stateStore, createQuotas(stateStore, NO_LIMITS))
  const since = (await store.ofOwner(userId)).filter(({ state }) => state.kind !== 'deleted')
  if (since.length > 0)
    throw new AppError('conflict', `This user has REPLs already: ${since.map(({ name }) => name).join(', ')}.`, {
      advice:
        'They would be out of reach afterwards. Download what is needed of them, delete them, and try again; the zips can be imported then. Nothing was changed.',
    })
}

/** Makes the record of a stored repl anew, asleep. What was only in the record (template, shares, times) is gone. */
export async function registerAgain(stateStore: StateStore, stored: StoredRepl, ownerName: string): Promise<void> {
  const store = createReplStore(stateStore, createQuotas(stateStore, NO_LIMITS))
  const repl: Repl = {
    format: REPL_FORMAT,
    id: stored.replId,
    name: stored.name,
    template: 'empty',
    source: { kind: 'template' },
    owner: { id: stored.ownerId, name: ownerName },
    // The next start takes a higher one, and thereby fences out whatever still runs of before.
    generation: stored.generation,
    fence: 0,
    state: { kind: 'stopped' },
    createdAt: stored.savedAt,
    lastUsedAt: stored.savedAt,
    activeAt: stored.savedAt,
    savedAt: stored.savedAt,
    publicPorts: [],
  }
  await store.insert(repl)
}
