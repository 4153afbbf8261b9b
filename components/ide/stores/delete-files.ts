import type { ToastInput } from '#components/ui/toast-store.ts'
import { isWithin } from './documents.ts'
import type { Deleted } from './file-actions.ts'
import { MAX_NAMED_FAILURES } from './limits.ts'
import { describeError } from './request-error.ts'
import type { Workbench } from './workbench.ts'

/**
 * Deletes into the REPL's trash, and offers one way back for all of it. Text that is not on the disk keeps its tab, and is
 * asked for there.
 */
export async function deleteFiles(bench: Workbench, paths: readonly string[]): Promise<void> {
  const { done, failed } = await bench.files.delete(paths)
  for (const { path } of done) closeTabsWithin(bench, path)
  const failures = failed.map(({ item, error }) => ({ path: item, error }))
  if (failures.length > 0) bench.notify(failure('deleted', failures, paths.length))
  const [first] = done
  if (first === undefined) return
  bench.notify({
    title:
      done.length === 1 ? `"${first.path}" was moved to the trash.` : `${done.length} files were moved to the trash.`,
    action: { label: 'Undo', onAct: () => void restoreFiles(bench, done) },
  })
}

/** What cannot come back now may later: where something else has taken its place, or the line was gone. */
async function restoreFiles(bench: Workbench, deleted: readonly Deleted[]): Promise<void> {
  const { failed } = await bench.files.restore(deleted)
  if (failed.length === 0) return
  const failures = failed.map(({ item, error }) => ({ path: item.path, error }))
  const again = failed.map(({ item }) => item)
  bench.notify({
    ...failure('brought back', failures, deleted.length),
    action: { label: 'Try again', onAct: () => void restoreFiles(bench, again) },
  })
}

function closeTabsWithin(bench: Workbench, folder: string): void {
  const unsaved = new Set(bench.documents.unsaved.getSnapshot())
  for (const { path } of bench.tabs.state.getSnapshot().tabs) {
    if (isWithin(path, folder) && !unsaved.has(path)) bench.tabs.close(path)
  }
}

/** Where one file was meant, its reason says enough; of several it is said which they are. */
function failure(verb: string, failures: readonly { path: string; error: unknown }[], meant: number): ToastInput {
  const reasons = failures.map(({ error }) => describeError(error))
  const [reason] = reasons
  if (meant === 1 && reason !== undefined) return toast(reason.message, reason.advice)
  const [name = '', ...others] = failures.map(({ path }) => `"${path}"`)
  if (others.length === 0) {
    return toast(`${name} could not be ${verb}.`, [reason?.message, reason?.advice].filter(Boolean).join(' '))
  }
  const names = [name, ...others].slice(0, MAX_NAMED_FAILURES).join(', ')
  const more = failures.length > MAX_NAMED_FAILURES ? ` and ${failures.length - MAX_NAMED_FAILURES} more` : ''
  const messages = [...new Set(reasons.map(({ message }) => message))].slice(0, MAX_NAMED_FAILURES).join(' ')
  return toast(`${failures.length} files could not be ${verb}.`, `${names}${more}: ${messages}`)
}

function toast(title: string, description: string | undefined): ToastInput {
  return { title, tone: 'failed', ...(description !== undefined && { description }) }
}
