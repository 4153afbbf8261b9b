import { ChevronRight } from 'lucide-react'
import { FailureNotice } from '#components/dashboard/failure-notice.tsx'
import { timeUntil } from '#components/site/relative-time.ts'
import type { ReplRowsProps } from '#components/dashboard/repl-row.tsx'
import { Button } from '#components/ui/button.tsx'
import { TemplateIcon } from '#components/ui/template-icon.tsx'
import type { ReplView } from '#server/repls/views.ts'

/** What was deleted and can still be had back, folded away. */
export function DeletedSection({ repls, store, pending, failures, now }: ReplRowsProps & { repls: ReplView[] }) {
  if (repls.length === 0) return null
  return (
    <details className="group">
      <summary className="flex w-fit cursor-pointer list-none items-center gap-1 rounded-sm text-sm font-medium text-muted hover:text-text [&::-webkit-details-marker]:hidden">
        <ChevronRight aria-hidden size={14} className="transition-transform group-open:rotate-90" />
        Recently deleted
        <span className="ml-1 text-xs tabular-nums text-faint">{repls.length}</span>
      </summary>
      <ul className="mt-2 divide-y divide-line rounded-lg border border-line">
        {repls.map((repl) => (
          <li key={repl.id}>
            <div className="flex items-center gap-3 px-3 py-2">
              <TemplateIcon template={repl.template} className="opacity-60" />
              <span className="min-w-0 grow truncate text-sm text-soft">{repl.name}</span>
              {repl.state.kind === 'deleted' && (
                <span className="shrink-0 text-xs tabular-nums text-muted">
                  Gone {timeUntil(repl.state.purgeAt, now)}
                </span>
              )}
              <Button
                size="sm"
                aria-label={`Restore ${repl.name}`}
                isBusy={pending.get(repl.id) === 'restore'}
                onClick={() => void store.run('restore', repl.id)}
              >
                Restore
              </Button>
            </div>
            <FailureNotice repl={repl} failure={failures.get(repl.id)} store={store} onDelete={() => {}} />
          </li>
        ))}
      </ul>
    </details>
  )
}
