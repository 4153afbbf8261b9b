import type { ReplAction } from '#components/dashboard/repl-list-store.ts'
import { stateWords } from '#components/dashboard/state-words.ts'
import type { StateWords } from '#components/dashboard/state-words.ts'
import { cx } from '#components/ui/cx.ts'
import { StateDot } from '#components/ui/state-dot.tsx'
import type { StateTone } from '#components/ui/state-dot.tsx'
import type { ReplStateView } from '#server/repls/views.ts'

/** What shows between a click and the server's word. */
const ASKED: Record<ReplAction, StateWords | undefined> = {
  start: { tone: 'busy', label: 'Starting' },
  stop: { tone: 'busy', label: 'Stopping' },
  delete: { tone: 'busy', label: 'Deleting' },
  restore: { tone: 'busy', label: 'Restoring' },
  keep: { tone: 'busy', label: 'Keeping' },
  fork: { tone: 'busy', label: 'Forking' },
  rename: undefined,
}

const TEXT: Record<StateTone, string> = {
  ok: 'text-text',
  busy: 'text-text',
  attention: 'text-attention',
  failed: 'text-failed',
  idle: 'text-muted',
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
    <div aria-live="polite" className={cx('min-w-0 text-sm', className)}>
      <p className={cx('flex items-center gap-2', TEXT[words.tone])}>
        <StateDot tone={words.tone} />
        {words.label}
      </p>
      {detail !== undefined && (
        <p title={detail} className="truncate pl-4 text-xs tabular-nums text-muted">
          {detail}
        </p>
      )}
    </div>
  )
}
