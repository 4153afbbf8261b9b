import type { Workbench } from '../stores/workbench.ts'
import { nameOf } from '#protocol/paths.ts'
import type { SnapshotView } from '#server/repls/history.ts'
import { titleOf } from './timeline.ts'

/** Keeps the files as they are now under a name, and says so. */
export async function takeCheckpoint(bench: Workbench, name: string): Promise<void> {
  await told(bench, async () => {
    await bench.documents.saveAll()
    await bench.history.checkpoint(name)
    bench.notify({ title: `Checkpoint “${name}” taken.`, tone: 'ok' })
  })
}

/** Brings a snapshot back, all or some paths of it; offers to undo that. */
export async function bringBack(bench: Workbench, { id, paths }: { id: string; paths?: string[] }): Promise<void> {
  await told(bench, async () => {
    await bench.documents.saveAll()
    const { undo } = await bench.history.restore(id, paths)
    const [path] = paths ?? []
    bench.notify({
      title: path === undefined ? 'The files are as they were then.' : `${nameOf(path)} is as it was then.`,
      tone: 'ok',
      action: { label: 'Undo', onAct: () => void putBack(bench, { id: undo, ...(paths !== undefined && { paths }) }) },
    })
    await lookAgain(bench)
  })
}

async function putBack(bench: Workbench, what: { id: string; paths?: string[] }): Promise<void> {
  await told(bench, async () => {
    await bench.history.restore(what.id, what.paths)
    bench.notify({ title: 'Undone.', tone: 'ok' })
    await lookAgain(bench)
  })
}

/** Makes another REPL of a snapshot; resolves to its id. */
export async function forkFrom(bench: Workbench, id: string): Promise<string | undefined> {
  let forked: string | undefined
  await told(bench, async () => {
    forked = (await bench.history.fork(id)).id
  })
  return forked
}

/** Gives a snapshot a name, or takes it off. */
export async function nameSnapshot(bench: Workbench, id: string, name: string | null): Promise<void> {
  await told(bench, () => bench.history.rename(id, name))
}

/** Takes a snapshot out of the list, and offers to put it back. */
export async function forget(bench: Workbench, snapshot: SnapshotView): Promise<void> {
  await told(bench, async () => {
    await bench.history.forget(snapshot.id)
    bench.notify({
      title: `“${titleOf(snapshot)}” is forgotten.`,
      action: { label: 'Undo', onAct: () => void recall(bench, snapshot.id) },
    })
  })
}

/** Puts a forgotten snapshot back into the list. */
export async function recall(bench: Workbench, id: string): Promise<void> {
  await told(bench, () => bench.history.recall(id))
}

/** Removes a forgotten snapshot for good. */
export async function removeForGood(bench: Workbench, id: string): Promise<void> {
  await told(bench, () => bench.history.remove(id))
}

async function lookAgain(bench: Workbench): Promise<void> {
  const open = bench.history.open.getSnapshot()
  if (open !== undefined) await bench.history.look(open.id)
}

/** Does what a person asked for, and tells them if it fails. */
async function told(bench: Workbench, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const { message, advice } = bench.history.errorOf(error)
    bench.notify({ title: message, tone: 'failed', ...(advice !== undefined && { description: advice }) })
  }
}
