import { CloudAlert } from 'lucide-react'
import { byteSize } from '#components/dashboard/byte-size.ts'
import { savedWords } from '#components/dashboard/saved-words.ts'
import { cx } from '#components/ui/cx.ts'
import type { ReplView } from '#server/repls/views.ts'

/** How much there is, and whether it is safe. */
export function ReplStorage({ repl, now, className }: { repl: ReplView; now: number; className?: string }) {
  const { isAtRisk, words } = savedWords(repl, now)
  return (
    <p className={cx('min-w-0 text-xs leading-4 tabular-nums text-muted', className)}>
      <span className="block text-soft">{repl.usedBytes === undefined ? '–' : byteSize(repl.usedBytes)}</span>
      <span title={words} className={cx('flex items-center gap-1', isAtRisk && 'text-attention')}>
        {isAtRisk && <CloudAlert aria-hidden size={12} className="shrink-0" />}
        <span className="truncate">{words}</span>
      </span>
    </p>
  )
}
