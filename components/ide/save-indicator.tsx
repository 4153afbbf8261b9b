'use client'

import { Check, CircleDot, TriangleAlert } from 'lucide-react'
import { SpinnerWheel } from '#components/ui/spinner.tsx'
import type { DocumentState } from './stores/open-document.ts'
import { Store } from './stores/store.ts'
import { useStore, useWorkbench } from './use-workbench.tsx'

const NOTHING = new Store<DocumentState>({ kind: 'loading' })

/** Whether what is in the editor is on disk. */
export function SaveIndicator() {
  const workbench = useWorkbench()
  const { active } = useStore(workbench.tabs.state)
  const document = active === undefined ? undefined : workbench.documents.get(active)
  const state = useStore(document?.state ?? NOTHING)
  const unsaved = useStore(workbench.documents.unsaved)
  const { kind, words } = look(state, unsaved.length)
  return (
    <output data-testid="save-state" data-state={kind} className="flex items-center gap-1.5">
      <Icon kind={kind} />
      {words}
    </output>
  )
}

type Kind = 'none' | 'saved' | 'dirty' | 'saving' | 'attention'

function look(state: DocumentState, others: number): { kind: Kind; words: string } {
  if (state.kind !== 'text')
    return others > 0 ? { kind: 'dirty', words: `${others} not saved` } : { kind: 'none', words: '' }
  switch (state.save.kind) {
    case 'saved':
      return others > 0 ? { kind: 'dirty', words: `${others} not saved` } : { kind: 'saved', words: 'Saved' }
    case 'saving':
      return { kind: 'saving', words: 'Saving' }
    case 'dirty':
      if (state.save.error === undefined) return { kind: 'dirty', words: 'Not saved yet' }
      return { kind: 'attention', words: 'Not saved' }
    case 'conflict':
      return { kind: 'attention', words: 'Changed on disk' }
    case 'deleted':
      return { kind: 'attention', words: 'Deleted on disk' }
  }
}

function Icon({ kind }: { kind: Kind }) {
  switch (kind) {
    case 'none':
      return null
    case 'saved':
      return <Check aria-hidden size={14} strokeWidth={1.75} className="text-ok" />
    case 'saving':
      return <SpinnerWheel className="size-3!" />
    case 'dirty':
      return <CircleDot aria-hidden size={14} strokeWidth={1.5} />
    case 'attention':
      return <TriangleAlert aria-hidden size={14} strokeWidth={1.5} className="text-attention" />
  }
}
