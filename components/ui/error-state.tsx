import type { ReactNode } from 'react'
import { CircleAlert } from 'lucide-react'
import { cx } from '#components/ui/cx.ts'

const MAX_LOG_ROWS = 12

interface ErrorStateProps {
  /** What happened, to what. */
  message: string
  /** What to do. */
  advice?: string | undefined
  /** The buttons that lead out: never none. */
  actions?: ReactNode
  /** Lines of a log, if there are any. */
  details?: string | undefined
  className?: string
}

/** What happened, what to do, and the buttons for it. Read out when it appears. */
export function ErrorState({ message, advice, actions, details, className }: ErrorStateProps) {
  return (
    <div
      data-slot="error-state"
      role="alert"
      className={cx(
        '@container flex gap-2.5 rounded-md border border-failed/25 bg-failed-soft/50 px-3 py-2.5',
        className,
      )}
    >
      <CircleAlert aria-hidden size={16} strokeWidth={1.75} className="mt-0.5 shrink-0 text-failed" />
      <div className="flex min-w-0 grow flex-col gap-x-4 gap-y-2.5 @md:flex-row">
        <div className="min-w-0 grow">
          <p className="text-sm font-medium text-text [overflow-wrap:anywhere]">{message}</p>
          {advice !== undefined && <p className="mt-0.5 text-sm text-soft [overflow-wrap:anywhere]">{advice}</p>}
          {details !== undefined && (
            <textarea
              readOnly
              aria-label="Log"
              rows={Math.min(MAX_LOG_ROWS, details.split('\n').length)}
              value={details}
              className="mt-3 block w-full resize-none rounded-md bg-canvas p-3 font-mono text-xs text-soft"
            />
          )}
        </div>
        {actions !== undefined && (
          <div className="flex shrink-0 flex-wrap items-center gap-2 self-start">{actions}</div>
        )}
      </div>
    </div>
  )
}
