'use client'

import type { ReplListStore } from '#components/dashboard/repl-list-store.ts'
import { Button } from '#components/ui/button.tsx'
import { ErrorState } from '#components/ui/error-state.tsx'
import type { WireError } from '#protocol/errors.ts'
import type { FailureExit, ReplView } from '#server/repls/views.ts'

const EXITS: Record<FailureExit, string> = {
  'retry-start': 'Try again',
  'retry-stop': 'Save and stop again',
  resume: 'Go on working',
  delete: 'Delete',
}

interface FailureNoticeProps {
  repl: ReplView
  /** What the last click on the row came to, if it failed. */
  failure: WireError | undefined
  store: ReplListStore
  onDelete: () => void
}

/** Under a row: why the repl, or the last thing asked of it, failed, and every way out. */
export function FailureNotice({ repl, failure, store, onDelete }: FailureNoticeProps) {
  const { state } = repl
  const act = (exit: FailureExit) => {
    switch (exit) {
      case 'retry-start':
      case 'resume':
        return void store.run('start', repl.id)
      case 'retry-stop':
        return void store.run('stop', repl.id)
      case 'delete':
        return onDelete()
    }
  }
  const place = 'relative z-10 mx-3 mb-3'
  if (failure !== undefined) {
    return (
      <ErrorState
        className={place}
        {...failure}
        actions={
          <Button size="sm" onClick={() => store.dismissFailure(repl.id)}>
            Dismiss
          </Button>
        }
      />
    )
  }
  if (state.kind !== 'failed') return null
  return (
    <ErrorState
      className={place}
      {...state.error}
      actions={state.exits.map((exit) => (
        <Button key={exit} size="sm" onClick={() => act(exit)}>
          {EXITS[exit]}
        </Button>
      ))}
    />
  )
}
