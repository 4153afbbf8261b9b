import type { ReplAction } from '#components/dashboard/repl-list-store.ts'
import { stateWords } from '#components/dashboard/state-words.ts'
import type { StateWords } from '#components/dashboard/state-words.ts'
import { cx } from '#components/ui/cx.ts'
import { StateDot } from '#components/ui/state-dot.tsx'
import type { ReplStateView } from '#server/repls/views.ts'

/** What shows between a click and the server's word. */
const ASKED: Record<ReplAction, StateWords | undefined> = {
  start: { tone: 'busy', label: 'Starting' },
  stop: { tone: 'busy', label: 'Stopping' },
  delete: { tone: 'busy', label: 'Deleting' },
  restore: { tone: 'busy', label: 'Restoring' },
  rename: undefined,
}

interface ReplStateProps {
  state: ReplStateView
  pending: ReplAction | undefined
  className?: string
}

/** Dot and words, and while it moves what exactly goes on. */
export function ReplState({ state, pending, className }: ReplStateProps) {
  const words = (pending && ASKED[pending]) ?? stateWords(state)
  const detail = state.kind === 'failed' ? undefined : words.detail
  return (
    <p aria-live="polite" className={cx('flex min-w-0 items-center gap-2 text-sm', className)}>
      <StateDot tone={words.tone} />
      <span
        className={cx(
          'shrink-0',
          words.tone === 'failed' ? 'text-failed' : words.tone === 'idle' ? 'text-muted' : 'text-text',
        )}
      >
        {words.label}
      </span>
      {detail !== undefined && (
        <span title={detail} className="truncate text-xs tabular-nums text-muted">
          {detail}
        </span>
      )}
    </p>
  )
}
