'use client'

import { X } from 'lucide-react'
import { Button } from '#components/ui/button.tsx'
import { IconButton } from '#components/ui/icon-button.tsx'
import { Progress } from '#components/ui/progress.tsx'
import { undoReplace } from '../stores/actions.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { countOf } from './found-words.ts'

/** What was replaced, and the way back. */
export function ReplaceNews() {
  const workbench = useWorkbench()
  const state = useStore(workbench.replacing.state)
  if (state.kind === 'idle') return null
  if (state.kind === 'replacing')
    return (
      <div className="shrink-0 px-4 pb-2 text-xs text-muted">
        <output className="block pb-1.5 tabular-nums">
          Changing {state.done} of {countOf(state.files, 'file')}
        </output>
        <Progress label="Changing files" percent={(100 * state.done) / Math.max(1, state.files)} />
      </div>
    )
  const { matches, gone, before } = state
  return (
    <div className="mx-2 mb-2 flex shrink-0 items-center gap-1 rounded-md bg-inset py-1 pl-2.5 pr-1 text-xs text-soft">
      <output className="grow">
        {countOf(matches, 'result')} replaced in {countOf(before.length, 'file')}.
        {gone > 0 && ` ${countOf(gone, 'place')} had been changed, and ${gone === 1 ? 'is' : 'are'} left as found.`}
      </output>
      {before.length > 0 && (
        <Button size="sm" variant="ghost" onClick={() => void undoReplace(workbench)}>
          Undo
        </Button>
      )}
      <IconButton label="Dismiss" className="size-6!" onClick={() => workbench.replacing.forget()}>
        <X aria-hidden />
      </IconButton>
    </div>
  )
}
