'use client'

import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import { Progress } from '#components/ui/progress.tsx'
import { countOf, foundWords } from './found-words.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'

/** How the search stands: what was found, what was left out and why. */
export function SearchNews() {
  const { search } = useWorkbench()
  const { progress, files, isStale } = useStore(search.state)
  const shown = files.reduce((sum, { matches }) => sum + matches.length, 0)
  if (progress.kind === 'idle') return null
  if (progress.kind === 'failed')
    return (
      <ErrorState
        className="mx-2 mb-2 shrink-0"
        message={progress.error.message}
        advice={progress.error.advice}
        actions={
          <Button size="sm" onClick={() => void search.search()}>
            Try again
          </Button>
        }
      />
    )
  return (
    <div className="shrink-0 px-4 pb-2 text-xs text-muted">
      <output aria-label="Search" className="block [overflow-wrap:anywhere]">
        {progress.kind === 'searching' && 'Searching'}
        {progress.kind === 'stopped' && `Stopped after ${countOf(shown, 'result')}.`}
        {progress.kind === 'done' && foundWords(progress.found, { shown, files: files.length })}
      </output>
      {progress.kind === 'searching' && (
        <div className="mt-1.5 flex items-center gap-2">
          <Progress label="Searching" />
          <Button size="sm" variant="ghost" onClick={() => search.stop()}>
            Stop
          </Button>
        </div>
      )}
      {progress.kind === 'done' && isStale && (
        <p>
          Some of these files were changed.{' '}
          <button
            type="button"
            className="rounded text-accent-text underline-offset-2 hover:underline"
            onClick={() => void search.search()}
          >
            Search again
          </button>
        </p>
      )}
    </div>
  )
}
