/** What a sidecar reports of its work, as the phases that people see. */
import type { AdoptProgress, SaveProgress } from '#protocol/adoption.ts'
import { ofTotal } from '#server/repls/progress.ts'
import type { Progress } from '#server/repls/progress.ts'

export function showAdoption(progress: Progress, line: AdoptProgress): void {
  switch (line.phase) {
    case 'restoring':
      return progress.show({ name: 'restore', ...ofTotal(line.doneFiles, line.totalFiles, 'files') })
    case 'cloning':
      return progress.show({
        name: 'clone',
        detail: line.message,
        ...(line.percent !== undefined && { percent: line.percent }),
      })
    case 'opening':
      return progress.show({ name: 'open' })
    case 'done':
    case 'failed':
  }
}

export function showSave(progress: Progress, line: SaveProgress): void {
  switch (line.phase) {
    case 'scanning':
      return progress.show({ name: 'save', detail: `Looking at ${line.files} files` })
    case 'uploading':
      return progress.show({ name: 'save', ...ofTotal(line.doneBytes, line.totalBytes, 'bytes') })
    case 'done':
    case 'failed':
  }
}
