import { isWithin } from './documents.ts'
import { failedFiles } from './failed-files.ts'
import type { Deleted } from './file-actions.ts'
import type { Workbench } from './workbench.ts'

/**
 * Deletes into the REPL's trash, and offers one way back for all of it. Text that is not on the disk keeps its tab, and is
 * asked for there.
 */
export async function deleteFiles(bench: Workbench, paths: readonly string[]): Promise<void> {
  const { done, failed } = await bench.files.delete(paths)
  for (const { path } of done) closeTabsWithin(bench, path)
  const failures = failed.map(({ item, error }) => ({ path: item, error }))
  if (failures.length > 0) bench.notify(failedFiles('deleted', failures, paths.length))
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
    ...failedFiles('brought back', failures, deleted.length),
    action: { label: 'Try again', onAct: () => void restoreFiles(bench, again) },
  })
}

function closeTabsWithin(bench: Workbench, folder: string): void {
  const unsaved = new Set(bench.documents.unsaved.getSnapshot())
  for (const path of bench.tabs.paths()) {
    if (isWithin(path, folder) && !unsaved.has(path)) bench.tabs.close(path)
  }
}
