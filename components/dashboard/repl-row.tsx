'use client'

import { useState } from 'react'
import { DeleteDialog } from '#components/dashboard/delete-dialog.tsx'
import { FailureNotice } from '#components/dashboard/failure-notice.tsx'
import { timeAgo } from '#components/site/relative-time.ts'
import { RenameInput } from '#components/dashboard/rename-input.tsx'
import type { ReplListSnapshot, ReplListStore } from '#components/dashboard/repl-list-store.ts'
import { ReplActions } from '#components/dashboard/repl-actions.tsx'
import { ReplName } from '#components/dashboard/repl-name.tsx'
import { ReplState } from '#components/dashboard/repl-state.tsx'
import { ReplStorage } from '#components/dashboard/repl-storage.tsx'
import { ShareDialog } from '#components/site/share-dialog.tsx'
import { TemplateIcon } from '#components/ui/template-icon.tsx'
import type { ReplView, TemplateView } from '#server/repls/views.ts'

/** What every row needs besides its repl. */
export interface ReplRowsProps {
  store: ReplListStore
  pending: ReplListSnapshot['pending']
  failures: ReplListSnapshot['failures']
  now: number
  templates: TemplateView[]
  isLocal: boolean
}

/** One repl: a line on a wide page, a card on a phone. The whole of it opens the repl. */
export function ReplRow({
  repl,
  store,
  pending,
  failures,
  now,
  templates,
  isLocal,
}: ReplRowsProps & { repl: ReplView }) {
  const [open, setOpen] = useState<'share' | 'delete' | 'rename'>()
  const icon = templates.find((template) => template.key === repl.template)?.icon ?? repl.template
  const close = () => setOpen(undefined)
  return (
    <li data-repl={repl.id} className="relative bg-canvas transition-colors focus-within:bg-panel hover:bg-panel">
      <div className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 px-3 py-2.5 md:min-h-13 md:grid-cols-[auto_minmax(0,1fr)_14rem_6.5rem_10.5rem_6.75rem] md:gap-x-4 md:py-2">
        <TemplateIcon template={icon} className="max-md:row-span-3 max-md:mt-0.5 max-md:self-start" />
        {open === 'rename' ? (
          <RenameInput
            name={repl.name}
            onCancel={close}
            onRename={(name) => {
              close()
              void store.rename(repl.id, name)
            }}
          />
        ) : (
          <ReplName repl={repl} now={now} />
        )}
        <ReplState
          state={repl.state}
          pending={pending.get(repl.id)}
          className="max-md:col-start-2 max-md:row-start-2"
        />
        <time
          dateTime={new Date(repl.lastUsedAt).toISOString()}
          title="Last used"
          className="text-sm tabular-nums text-muted max-md:col-start-2 max-md:row-start-3 max-md:text-xs"
        >
          <span className="md:sr-only">Last used </span>
          {timeAgo(repl.lastUsedAt, now)}
        </time>
        <ReplStorage repl={repl} now={now} className="max-md:hidden" />
        <ReplActions
          repl={repl}
          pending={pending.get(repl.id)}
          onStart={() => void store.run('start', repl.id)}
          onStop={() => void store.run('stop', repl.id)}
          onFork={() => void store.run('fork', repl.id)}
          onKeep={() => void store.run('keep', repl.id)}
          onChoose={setOpen}
          className="max-md:col-start-3 max-md:row-span-3 max-md:row-start-1 max-md:self-start"
        />
      </div>
      <FailureNotice repl={repl} failure={failures.get(repl.id)} store={store} onDelete={() => setOpen('delete')} />
      <ShareDialog
        replId={repl.id}
        replName={repl.name}
        isLocal={isLocal}
        open={open === 'share'}
        onOpenChange={(isOpen) => setOpen(isOpen ? 'share' : undefined)}
      />
      <DeleteDialog repl={repl} store={store} open={open === 'delete'} onClose={close} />
    </li>
  )
}
