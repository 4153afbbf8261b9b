'use client'

import type { ReactNode } from 'react'
import { Button } from '#components/ui/button.tsx'
import { nameOf } from '#protocol/paths.ts'
import type { FileDocument } from '../stores/file-document.ts'
import { useStore, useWorkbench } from '../use-workbench.tsx'
import { discardTab } from '../stores/tab-actions.ts'

const WHAT_HAPPENED = {
  text: 'was changed on disk',
  binary: 'became something other than text',
  too_large: 'became too large to edit here',
} as const

/** What stands between a text and its disk, and the ways out. Nothing while all is well. */
export function DocumentBanner({ document }: { document: FileDocument }) {
  const workbench = useWorkbench()
  const state = useStore(document.state)
  if (state.kind !== 'text') return null
  const name = nameOf(document.path)
  const { save, isReadonly } = state
  if (save.kind === 'conflict') {
    return (
      <Banner words={`${name} ${WHAT_HAPPENED[save.theirs.kind]} while you were typing.`}>
        {save.theirs.kind === 'text' && (
          <Button size="sm" onClick={() => workbench.overlay.set({ kind: 'compare', path: document.path })}>
            Compare
          </Button>
        )}
        <Button size="sm" onClick={() => document.takeTheirs()}>
          Take theirs
        </Button>
        {!isReadonly && (
          <Button size="sm" onClick={() => void document.keepMine()}>
            Keep mine
          </Button>
        )}
      </Banner>
    )
  }
  if (save.kind === 'deleted') {
    return (
      <Banner words={`${name} was deleted from the disk.`}>
        {!isReadonly && (
          <Button size="sm" onClick={() => void document.keepMine()}>
            Save it back
          </Button>
        )}
        <Button size="sm" variant="ghost" onClick={() => void discardTab(workbench, document.path)}>
          Close tab
        </Button>
      </Banner>
    )
  }
  if (save.kind === 'dirty' && isReadonly) {
    return (
      <Banner words={`${name} is not saved: you can look at this REPL now, not change it. Your text stays here.`} />
    )
  }
  if (save.kind === 'dirty' && save.error !== undefined && save.error.code !== 'unavailable') {
    const { message, advice = '' } = save.error
    return (
      <Banner words={`${name} is not saved: ${message} ${advice}`.trimEnd()}>
        <Button size="sm" onClick={() => void document.save()}>
          Try again
        </Button>
      </Banner>
    )
  }
  return null
}

function Banner({ words, children }: { words: string; children?: ReactNode }) {
  return (
    <div
      role="alert"
      className="flex shrink-0 flex-wrap items-center gap-2 border-b border-line bg-attention-soft px-3 py-1.5"
    >
      <p className="min-w-0 grow text-attention [overflow-wrap:anywhere]">{words}</p>
      {children}
    </div>
  )
}
