import { failedFiles } from './failed-files.ts'
import type { Workbench } from './workbench.ts'

/** Pastes into a folder what was copied or cut in the tree, and says what of it could not be. */
export async function pasteFiles(bench: Workbench, folder: string): Promise<void> {
  const clipboard = bench.files.clipboard.getSnapshot()
  if (clipboard === undefined) return
  const { failed } = await bench.files.paste(clipboard, folder)
  const failures = failed.map(({ item, error }) => ({ path: item, error }))
  const verb = clipboard.kind === 'copy' ? 'copied' : 'moved'
  if (failures.length > 0) bench.notify(failedFiles(verb, failures, clipboard.paths.length))
}
